"use client";

import type { SetRow } from "@openpatio/core/view";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { SET_COLUMNS, type SetColumn, setCell } from "./set-cells.tsx";
import styles from "./sets-page.module.css";
import { SORT_KEYS, type Sort, type SortKey } from "./sort-sets.ts";

type SetsTableProps = {
  readonly sets: readonly SetRow[];
  readonly sort: Sort;
  readonly onSort: (key: SortKey) => void;
};

/** Shares of the width; the layout is fixed, so that columns do not move while rows scroll by. */
const WIDTHS: Readonly<Record<SetColumn, string>> = {
  name: "18%",
  namespace: "10%",
  phase: "12%",
  groups: "15%",
  ready: "6%",
  pods: "7%",
  revision: "8%",
  gpus: "6%",
  clusters: "12%",
  changed: "6%",
};

const ROW_PX = 33;
const ROWS_AROUND = 12;

/** All rows of a fast table, of which only those near the window exist. */
export function SetsTable({ sets, sort, onSort }: SetsTableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [topPx, setTopPx] = useState(0);
  useEffect(() => {
    setTopPx((body.current?.getBoundingClientRect().top ?? 0) + scrollY);
  }, []);
  // oxlint-disable-next-line react/incompatible-library -- what it returns is used in this component alone
  const rows = useWindowVirtualizer({
    count: sets.length,
    estimateSize: () => ROW_PX,
    overscan: ROWS_AROUND,
    scrollMargin: topPx,
    getItemKey: (index) => `${sets[index]?.namespace}/${sets[index]?.name}/${sets[index]?.home}`,
  });
  const items = rows.getVirtualItems();
  const before = (items[0]?.start ?? topPx) - topPx;
  const after = rows.getTotalSize() - ((items.at(-1)?.end ?? topPx) - topPx);
  return (
    <div className={styles.scroll}>
      <table className={styles.table} aria-rowcount={sets.length + 1} aria-label="Table of sets">
        <colgroup>
          {SET_COLUMNS.map(({ key, isMinor }) => (
            <col key={key} data-minor={isMinor || undefined} style={{ width: WIDTHS[key] }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {SET_COLUMNS.map((column) => (
              <HeadCell key={column.key} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          <Spacer heightPx={before} />
          {items.map((item) => {
            const set = sets[item.index];
            if (set === undefined) return null;
            return (
              <tr key={item.key} data-index={item.index} ref={rows.measureElement} aria-rowindex={item.index + 2}>
                {SET_COLUMNS.map((column) => (
                  <td
                    key={column.key}
                    data-minor={column.isMinor || undefined}
                    className={column.isNumber ? "num" : undefined}
                  >
                    {setCell(set, column.key)}
                  </td>
                ))}
              </tr>
            );
          })}
          <Spacer heightPx={after} />
        </tbody>
      </table>
    </div>
  );
}

/** Keeps the scroll bar honest about the rows that do not exist. */
function Spacer({ heightPx }: { readonly heightPx: number }) {
  if (heightPx <= 0) return null;
  return (
    <tr className={styles.spacer} aria-hidden>
      {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label -- a gap, hidden from assistive technology */}
      <td colSpan={SET_COLUMNS.length} style={{ height: heightPx }} />
    </tr>
  );
}

type HeadCellProps = {
  readonly column: (typeof SET_COLUMNS)[number];
  readonly sort: Sort;
  readonly onSort: (key: SortKey) => void;
};

function HeadCell({ column, sort, onSort }: HeadCellProps) {
  const key = SORT_KEYS.find((candidate) => candidate === column.key);
  const className = column.isNumber ? "num" : undefined;
  const isMinor = column.isMinor || undefined;
  if (key === undefined)
    return (
      <th data-minor={isMinor} className={className}>
        {column.label}
      </th>
    );
  const isActive = sort.key === key;
  const Arrow = sort.isReversed ? ArrowUp : ArrowDown;
  return (
    <th
      data-minor={isMinor}
      className={className}
      aria-sort={!isActive ? undefined : sort.isReversed ? "descending" : "ascending"}
    >
      <button type="button" className={styles.sort} data-active={isActive || undefined} onClick={() => onSort(key)}>
        {column.label}
        {isActive && <Arrow size={12} strokeWidth={1.75} aria-hidden />}
      </button>
    </th>
  );
}
