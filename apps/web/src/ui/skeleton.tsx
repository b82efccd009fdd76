import { cx } from "./cx.ts";
import styles from "./feedback.module.css";

type SkeletonProps = { readonly width?: number | string; readonly className?: string };

/** A bar in the place of words that have not come yet. */
export function Skeleton({ width = 96, className }: SkeletonProps) {
  return <span className={cx(styles.skeleton, className)} style={{ width }} aria-hidden />;
}

type SkeletonRowsProps = { readonly count?: number; readonly widths?: readonly number[]; readonly label: string };

/** Rows in the final layout; a screen reader hears what is awaited. */
export function SkeletonRows({ count = 4, widths = [160, 72, 96, 48], label }: SkeletonRowsProps) {
  return (
    <output className={styles.rows} aria-label={label}>
      {Array.from({ length: count }, (_, row) => (
        <div className={styles.row} key={row}>
          {widths.map((width, column) => (
            <Skeleton key={`${column} ${width}`} width={width} />
          ))}
        </div>
      ))}
    </output>
  );
}
