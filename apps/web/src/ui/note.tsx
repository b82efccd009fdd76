import type { ReactNode } from "react";
import styles from "./feedback.module.css";
import type { TileState } from "./state.ts";
import { StateGlyph } from "./state-glyph.tsx";

type NoteProps = {
  readonly state: Extract<TileState, "failed" | "recovering" | "updating" | "pending" | "stale">;
  readonly children: ReactNode;
  /** Replaces the state's glyph. */
  readonly icon?: ReactNode;
};

/** A framed sentence about something that needs attention. */
export function Note({ state, children, icon }: NoteProps) {
  return (
    <div className={styles.note} data-state={state}>
      {icon ?? <StateGlyph state={state} />}
      <div>{children}</div>
    </div>
  );
}
