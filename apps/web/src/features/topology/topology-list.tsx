"use client";

import type { GroupPhase } from "@openpatio/core/model";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronRight } from "lucide-react";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { StateWord } from "#ui/state-glyph.tsx";
import { Countdown } from "#ui/time.tsx";
import type { Selection } from "./keyboard.ts";
import { type ListRow, listRows, parentOf } from "./list-rows.ts";
import type { TopologyModel } from "./model.ts";
import styles from "./topology-list.module.css";

type TopologyListProps = {
  readonly model: TopologyModel;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  readonly onOpen: () => void;
  readonly shownPhases: ReadonlySet<GroupPhase> | null;
};

const ROW_H = 32;

/** The facts of the picture as a treegrid: for keyboard and screen reader, and for who would rather read. */
export function TopologyList({ model, selection, onSelect, onOpen, shownPhases }: TopologyListProps) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const scrollRef = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => listRows(model, toggled, shownPhases), [model, toggled, shownPhases]);
  const active = rows.some((row) => row.key === activeKey) ? activeKey : (rows[0]?.key ?? null);
  // oxlint-disable-next-line react/incompatible-library -- what it returns is used in this component alone
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => ROW_H,
    overscan: 12,
    getItemKey: (index) => rows[index]?.key ?? index,
  });

  const toggle = (row: ListRow): void => {
    if (row.isOpen === null) return;
    const next = new Set(toggled);
    if (!next.delete(row.key)) next.add(row.key);
    setToggled(next);
  };
  const goTo = (index: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row === undefined) return;
    setActiveKey(row.key);
    virtual.scrollToIndex(rows.indexOf(row));
    requestAnimationFrame(() => document.getElementById(rowId(row))?.focus());
  };
  const onKeyDown = (event: KeyboardEvent, row: ListRow, index: number): void => {
    switch (event.key) {
      case "ArrowDown":
        goTo(index + 1);
        break;
      case "ArrowUp":
        goTo(index - 1);
        break;
      case "Home":
        goTo(0);
        break;
      case "End":
        goTo(rows.length - 1);
        break;
      case "ArrowRight":
        if (row.isOpen === false) toggle(row);
        else goTo(index + 1);
        break;
      case "ArrowLeft":
        if (row.isOpen === true) toggle(row);
        else goTo(rows.findIndex((item) => item.key === parentOf(row)));
        break;
      case "Enter":
      case " ":
        onSelect({ group: row.group, pod: row.pod });
        if (event.key === "Enter") onOpen();
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <div ref={scrollRef} className={styles.scroll}>
      <table
        className={styles.grid}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- a table whose rows open
        role="treegrid"
        aria-label="Groups, roles and pods"
        aria-rowcount={rows.length + 1}
      >
        <thead>
          <tr aria-rowindex={1}>
            <th>Name</th>
            <th>State</th>
            <th className="num">Ready</th>
            <th>Where</th>
            <th>Waits for, or why</th>
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <tr
                key={row.key}
                id={rowId(row)}
                ref={virtual.measureElement}
                data-index={item.index}
                data-level={row.level}
                aria-level={row.level}
                aria-rowindex={item.index + 2}
                aria-selected={isSelected(row, selection)}
                aria-expanded={row.isOpen ?? undefined}
                tabIndex={row.key === active ? 0 : -1}
                onFocus={() => setActiveKey(row.key)}
                onClick={() => onSelect({ group: row.group, pod: row.pod })}
                onKeyDown={(event) => onKeyDown(event, row, item.index)}
              >
                <td>
                  <span className={styles.nameRow}>
                    {row.isOpen === null ? (
                      <span className={styles.noToggle} />
                    ) : (
                      <button
                        type="button"
                        className={styles.toggle}
                        tabIndex={-1}
                        aria-label={row.isOpen ? `Close ${row.name}` : `Open ${row.name}`}
                        onClick={(event) => {
                          event.stopPropagation();
                          toggle(row);
                        }}
                      >
                        <ChevronRight size={12} strokeWidth={1.75} aria-hidden />
                      </button>
                    )}
                    <span className="mono clip">{row.name}</span>
                    {row.note !== "" && <span className="ink-3 small">{row.note}</span>}
                  </span>
                </td>
                <td>
                  <StateWord state={row.state} progress={row.progress}>
                    {row.word}
                  </StateWord>
                </td>
                <td className="num">{row.ready}</td>
                <td className="mono ink-2">{row.where}</td>
                <td className={styles.why}>
                  {row.why}
                  {row.untilMs !== null && (
                    <>
                      {" "}
                      <Countdown untilMs={row.untilMs} />
                    </>
                  )}
                </td>
              </tr>
            );
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
      </table>
    </div>
  );
}

function isSelected(row: ListRow, selection: Selection): boolean {
  if (row.pod !== null) return row.pod === selection.pod;
  return row.level === 1 && row.group === selection.group && selection.pod === null;
}

function rowId(row: ListRow): string {
  return `topology-${row.key.replaceAll("/", "-")}`;
}
