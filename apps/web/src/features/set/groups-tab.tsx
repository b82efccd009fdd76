"use client";

import { GROUP_PHASES } from "@openpatio/core/model";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import type { GroupBox, TopologyModel } from "#features/topology/model.ts";
import { GROUP_WORD } from "#features/topology/states.ts";
import { useNow } from "#lib/clock.ts";
import { formatAge, formatCount } from "#lib/format.ts";
import { EmptyState } from "#ui/empty-state.tsx";
import { stateOfPhase } from "#ui/state.ts";
import { StateWord } from "#ui/state-glyph.tsx";
import { Countdown } from "#ui/time.tsx";
import styles from "./groups-tab.module.css";
import { RevisionChange } from "./revision-change.tsx";

type GroupsTabProps = {
  readonly model: TopologyModel;
  readonly selected: number | null;
  readonly onSelect: (index: number) => void;
};

const ROW_H = 32;

const COLUMNS = [
  { key: "index", title: "Group", isNumber: false },
  { key: "phase", title: "Phase", isNumber: false },
  { key: "ready", title: "Ready", isNumber: true },
  { key: "where", title: "Where", isNumber: false },
  { key: "revision", title: "Revision", isNumber: true },
  { key: "incarnation", title: "Incarnation", isNumber: true },
  { key: "gpus", title: "GPUs", isNumber: true },
  { key: "since", title: "In phase", isNumber: true },
] as const;
type ColumnKey = (typeof COLUMNS)[number]["key"];
type Sort = { readonly by: ColumnKey; readonly isDown: boolean };

/** All groups as a table; worst first until another order is chosen. */
export function GroupsTab({ model, selected, onSelect }: GroupsTabProps) {
  const [sort, setSort] = useState<Sort>({ by: "phase", isDown: false });
  const nowMs = useNow();
  const rows = useMemo(() => sortGroups(model.groups, sort), [model, sort]);
  const scrollRef = useRef<HTMLElement>(null);
  // oxlint-disable-next-line react/incompatible-library -- what it returns is used in this component alone
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => ROW_H,
    overscan: 16,
  });
  if (rows.length === 0)
    return <EmptyState title="This set has no groups.">Raise the number of groups above to start one.</EmptyState>;
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keyboard has to be able to scroll it
    <section ref={scrollRef} className={styles.scroll} aria-label="Groups" tabIndex={0}>
      <table className={styles.table} aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th
                key={column.key}
                className={column.isNumber ? "num" : undefined}
                aria-sort={sort.by === column.key ? (sort.isDown ? "descending" : "ascending") : undefined}
              >
                <button
                  type="button"
                  onClick={() => setSort({ by: column.key, isDown: sort.by === column.key && !sort.isDown })}
                >
                  {column.title}
                  {sort.by === column.key &&
                    (sort.isDown ? (
                      <ArrowDown size={12} strokeWidth={1.75} aria-hidden />
                    ) : (
                      <ArrowUp size={12} strokeWidth={1.75} aria-hidden />
                    ))}
                </button>
              </th>
            ))}
            <th>Reason</th>
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {items.map((item) => {
            const group = rows[item.index];
            if (group === undefined) return null;
            const { view } = group;
            return (
              <tr
                key={view.index}
                aria-rowindex={item.index + 2}
                data-selected={view.index === selected || undefined}
                onClick={() => onSelect(view.index)}
              >
                <td>
                  <button type="button" className={styles.name} onClick={() => onSelect(view.index)}>
                    {view.name}
                  </button>
                  {view.isSurge && <span className="ink-3 small"> extra</span>}
                </td>
                <td>
                  <StateWord
                    state={stateOfPhase(view.phase)}
                    progress={group.readyPods / Math.max(1, group.wantedPods)}
                  >
                    {GROUP_WORD[view.phase]}
                  </StateWord>
                </td>
                <td className="num">
                  {group.readyPods}/{group.wantedPods}
                </td>
                <td className="mono">
                  {view.cluster === null
                    ? "none"
                    : view.domain === null
                      ? view.cluster
                      : `${view.cluster}/${view.domain}`}
                </td>
                <td className="num">
                  <RevisionChange from={view.fromRevision} to={view.revision} />
                </td>
                <td className="num">
                  {view.incarnation === 0 ? (
                    <span className="ink-3">none</span>
                  ) : (
                    <RevisionChange
                      from={view.nextIncarnation === null ? null : view.incarnation}
                      to={view.nextIncarnation ?? view.incarnation}
                    />
                  )}
                </td>
                <td className="num">{group.gpus === 0 ? <span className="ink-3">0</span> : formatCount(group.gpus)}</td>
                <td className="num">{nowMs === null ? "" : formatAge(nowMs - view.sinceMs)}</td>
                <td className={styles.reason}>
                  <span className="clip">{view.message}</span>
                  {view.untilMs !== null && (
                    <>
                      {" "}
                      <Countdown untilMs={view.untilMs} />
                    </>
                  )}
                </td>
              </tr>
            );
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
      </table>
    </section>
  );
}

function sortGroups(groups: readonly GroupBox[], sort: Sort): readonly GroupBox[] {
  const sign = sort.isDown ? -1 : 1;
  const value = (group: GroupBox): number | string => {
    const { view } = group;
    switch (sort.by) {
      case "index":
        return view.index;
      case "phase":
        return GROUP_PHASES.indexOf(view.phase);
      case "ready":
        return group.readyPods / Math.max(1, group.wantedPods);
      case "where":
        return `${view.cluster ?? ""}/${view.domain ?? ""}`;
      case "revision":
        return view.revision;
      case "incarnation":
        return view.incarnation;
      case "gpus":
        return group.gpus;
      case "since":
        return -view.sinceMs;
    }
  };
  return groups.toSorted((a, b) => {
    const left = value(a);
    const right = value(b);
    const order = left < right ? -1 : left > right ? 1 : 0;
    return sign * order || a.view.index - b.view.index;
  });
}
