import type { ReactNode } from "react";
import { cx } from "./cx.ts";
import { STATE_WORD, type TileState } from "./state.ts";
import styles from "./state-glyph.module.css";

/** Outline of the tile, 12 × 12, with its inside cut out by the second part of each path. */
const TILE = "M2.5 1h7A1.5 1.5 0 0 1 11 2.5v7A1.5 1.5 0 0 1 9.5 11h-7A1.5 1.5 0 0 1 1 9.5v-7A1.5 1.5 0 0 1 2.5 1Z";
const CORNERS = "M1 1h3v1.4H2.4V4H1ZM8 1h3v3H9.6V2.4H8ZM1 8h1.4v1.6H4V11H1ZM9.6 8H11v3H8V9.6h1.6Z";
const INSIDE = { top: 2.4, height: 7.2 } as const;

const CUTS: Readonly<Record<Exclude<TileState, "starting">, ReactNode>> = {
  ready: <rect x="1" y="1" width="10" height="10" rx="1.5" />,
  pending: <path d={CORNERS} />,
  tornDown: (
    <>
      <path d={CORNERS} />
      <rect x="4.6" y="4.6" width="2.8" height="2.8" />
    </>
  ),
  updating: <path fillRule="evenodd" d={`${TILE}m-.1 1.4v6.4l6.4-6.4Z`} />,
  recovering: (
    <>
      <path fillRule="evenodd" d="M1 1h10v10H1Zm1.6 1.6v6.8h6.8V2.6Z" />
      <rect x="4.6" y="4.6" width="2.8" height="2.8" />
    </>
  ),
  degraded: (
    <>
      <path d="M2.5 1H6v5h5v3.5A1.5 1.5 0 0 1 9.5 11h-7A1.5 1.5 0 0 1 1 9.5v-7A1.5 1.5 0 0 1 2.5 1Z" />
      <path d="M7.4 1h2.1A1.5 1.5 0 0 1 11 2.5v2.1H7.4Z" fillOpacity=".28" />
    </>
  ),
  failed: (
    <path
      fillRule="evenodd"
      d="M2.5.5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2ZM3 4l2 2-2 2 1 1 2-2 2 2 1-1-2-2 2-2-1-1-2 2-2-2Z"
    />
  ),
  unknown: <path fillRule="evenodd" d={`${TILE}m-.1 1.4v6.2l6.2-6.2Zm1 7.2h6.2V3.4Z`} />,
  stale: <path d="M1 4 4 1h1.6L1 5.6ZM1 8.2 8.2 1h1.6L1 9.8ZM2.2 11 11 2.2v1.6L3.8 11ZM6.4 11 11 6.4V8l-3 3Z" />,
  paused: <path d="M2 1.5h3v9H2zM7 1.5h3v9H7z" />,
  deleting: <path fillRule="evenodd" d={`${TILE}m-.1 1.4v7.2h7.2V2.4ZM3.6 5.3h4.8v1.4H3.6Z`} />,
};

type StateGlyphProps = {
  readonly state: TileState;
  /** Pixels. */
  readonly size?: number;
  /** 0..1, of `starting`. */
  readonly progress?: number | null;
  /** Set it only where no word stands beside the glyph; otherwise it is decoration to a screen reader. */
  readonly label?: string;
  readonly className?: string | undefined;
};

/** The tile: its cut tells the state, colour only repeats it. */
export function StateGlyph({ state, size = 12, progress = null, label, className }: StateGlyphProps) {
  const fill = Math.min(1, Math.max(0.25, progress ?? 0.54)) * INSIDE.height;
  return (
    <svg
      className={cx(styles.glyph, className)}
      data-state={state}
      width={size}
      height={size}
      viewBox="0 0 12 12"
      {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    >
      {state === "starting" ? (
        <>
          <path fillRule="evenodd" d={`${TILE}m-.1 1.4v7.2h7.2V2.4Z`} />
          <rect className={styles.fill} x="2" y={INSIDE.top + INSIDE.height - fill} width="8" height={fill} />
        </>
      ) : (
        CUTS[state]
      )}
    </svg>
  );
}

type StateWordProps = {
  readonly state: TileState;
  /** Replaces the state's own word. */
  readonly children?: ReactNode;
  /** Boxed: only in a page header. */
  readonly isBoxed?: boolean;
  readonly progress?: number | null;
};

/** Glyph and word. */
export function StateWord({ state, children, isBoxed = false, progress = null }: StateWordProps) {
  return (
    <span className={cx(styles.word, isBoxed && styles.box)} data-state={state}>
      <StateGlyph state={state} progress={progress} />
      {children ?? STATE_WORD[state]}
    </span>
  );
}
