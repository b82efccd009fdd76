import type { ReactNode } from "react";
import { cx } from "./cx.ts";
import styles from "./table.module.css";

type TableProps = {
  /** Caption for assistive technology. */
  readonly label: string;
  /** thead and tbody. Cells with class `num` are right-aligned. */
  readonly children: ReactNode;
  readonly className?: string | undefined;
};

/** A dense table that scrolls sideways by itself when the page is narrow. */
export function Table({ label, children, className }: TableProps) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keyboard has to be able to scroll it
    <section className={styles.scroll} aria-label={label} tabIndex={0}>
      <table className={cx(styles.table, className)}>{children}</table>
    </section>
  );
}
