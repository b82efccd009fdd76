import type { AttentionItem } from "@openpatio/core/view";
import Link from "next/link";
import { ButtonLink } from "#ui/button-link.tsx";
import { stateOfPhase, type TileState } from "#ui/state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import { Countdown, RelativeTime } from "#ui/time.tsx";
import styles from "./attention-list.module.css";

type AttentionListProps = {
  readonly items: readonly AttentionItem[];
  /** In a side column: rows stack. */
  readonly isNarrow?: boolean;
};

/** What needs a person; every row leads to the exact place. */
export function AttentionList({ items, isNarrow = false }: AttentionListProps) {
  return (
    <ul className={styles.list} data-narrow={isNarrow || undefined}>
      {items.map((item) => {
        const state = stateOfItem(item);
        return (
          <li key={item.key} data-state={state}>
            <StateGlyph state={state} label={item.phase} />
            <div className={styles.who}>
              <Link className="mono strong clip" href={item.href}>
                {item.title}
              </Link>
              <span className="mono micro ink-3 clip">{item.place}</span>
            </div>
            <span className={styles.what}>
              {item.message}
              {item.untilMs !== null && (
                <>
                  {" "}
                  <Countdown untilMs={item.untilMs} />
                </>
              )}
            </span>
            <RelativeTime atMs={item.sinceMs} form="full" className={`small ink-3 ${styles.since}`} />
            <ButtonLink size="dense" className={styles.action} href={item.action?.href ?? item.href}>
              {item.action?.label ?? "Open"}
            </ButtonLink>
          </li>
        );
      })}
    </ul>
  );
}

export function stateOfItem(item: Pick<AttentionItem, "phase">): TileState {
  return item.phase === "Unreachable" || item.phase === "Foreign" ? "stale" : stateOfPhase(item.phase);
}

const SEVERITIES = ["failed", "warning", "waiting"] as const;

/** Worst first, then the one that lasts longest. */
export function compareAttention(a: AttentionItem, b: AttentionItem): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || a.sinceMs - b.sinceMs;
}
