import { FlaskConical } from "lucide-react";
import type { CSSProperties, ReactNode } from "react";
import { cx } from "./cx.ts";
import styles from "./layout.module.css";

type SectionHeadProps = {
  readonly title: ReactNode;
  /** For `aria-labelledby` of the section. */
  readonly id?: string;
  readonly note?: ReactNode;
  readonly children?: ReactNode;
  readonly level?: 2 | 3;
  /** A hairline above, when what is above does not end with one. */
  readonly isSeparated?: boolean;
};

/** Head of a region: title, a quiet note (count, unit), actions at the end. */
export function SectionHead({ title, id, note, children, level = 2, isSeparated = false }: SectionHeadProps) {
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <div className={cx(styles.sectionHead, isSeparated && styles.isSeparated)}>
      <Heading id={id}>{title}</Heading>
      {note !== undefined && <span className={styles.note}>{note}</span>}
      {children !== undefined && <div className={styles.actions}>{children}</div>}
    </div>
  );
}

type PageHeadProps = {
  readonly title: ReactNode;
  /** The title is a name. */
  readonly isName?: boolean;
  /** State box and tags, right of the title. */
  readonly beside?: ReactNode;
  readonly actions?: ReactNode;
  /** One sentence: what is going on. */
  readonly children?: ReactNode;
};

export function PageHead({ title, isName = false, beside, actions, children }: PageHeadProps) {
  return (
    <div className={styles.pageHead}>
      <div className={styles.pageRow}>
        <h1 data-mono={isName || undefined}>{title}</h1>
        {beside}
        {actions !== undefined && <div className={styles.pageActions}>{actions}</div>}
      </div>
      {children !== undefined && <div className={styles.say}>{children}</div>}
    </div>
  );
}

export function Readouts({ children }: { readonly children: ReactNode }) {
  return <dl className={styles.readouts}>{children}</dl>;
}

type ReadoutProps = {
  readonly label: string;
  readonly figure: ReactNode;
  /** What the figure is of, e.g. "of 192 held". */
  readonly unit?: ReactNode;
  readonly children?: ReactNode;
  /** Share of the row. */
  readonly grow?: number;
  /** Takes the first row on a phone. */
  readonly isWide?: boolean;
};

export function Readout({ label, figure, unit, children, grow = 1, isWide = false }: ReadoutProps) {
  return (
    <div className={styles.readout} style={{ "--grow": grow } as CSSProperties} data-wide={isWide || undefined}>
      <dt>{label}</dt>
      <dd className={styles.figure}>
        {figure}
        {unit !== undefined && <small>{unit}</small>}
      </dd>
      <dd className={styles.foot}>{children}</dd>
    </div>
  );
}

export function Tag({ children }: { readonly children: ReactNode }) {
  return <span className={styles.tag}>{children}</span>;
}

/** Stands wherever something of a simulated cluster is shown, so that a demo never passes for real. */
export function SimulatedTag() {
  return (
    <span className={styles.tag} data-kind="simulated">
      <FlaskConical aria-hidden />
      simulated
    </span>
  );
}
