import type { CSSProperties } from "react";
import { cx } from "./cx.ts";
import styles from "./meter-bar.module.css";

export type MeterPart = {
  /** How the part is drawn: solid, hatched, empty. Never a state colour. */
  readonly kind: "bound" | "reserved" | "cordoned" | "free" | "own" | "other" | "short";
  readonly count: number;
  readonly word: string;
};

type MeterBarProps = {
  readonly parts: readonly MeterPart[];
  readonly heightPx?: number;
  readonly hasLegend?: boolean;
};

/** Shares of a whole as one bar; the words are its name, and below it with a legend. */
export function MeterBar({ parts, heightPx = 8, hasLegend = false }: MeterBarProps) {
  const present = parts.filter((part) => part.count > 0);
  const words = present.map((part) => `${part.count} ${part.word}`);
  const bar = (
    <div className={styles.bar} style={{ "--height": `${heightPx}px` } as CSSProperties}>
      <span className="sr-only">{words.length === 0 ? "none" : words.join(", ")}</span>
      {present.map((part) => (
        <i
          key={part.kind}
          className={cx(styles.part, styles[part.kind])}
          style={{ "--share": part.count } as CSSProperties}
        />
      ))}
    </div>
  );
  if (!hasLegend) return bar;
  return (
    <div className={styles.wrap}>
      {bar}
      <div className={styles.legend} aria-hidden>
        {present.map((part, index) => (
          <span key={part.kind}>
            <i className={cx(styles.swatch, styles[part.kind])} />
            {words[index]}
          </span>
        ))}
      </div>
    </div>
  );
}
