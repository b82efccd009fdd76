import type { ReactNode } from "react";
import styles from "./feedback.module.css";

type EmptyStateProps = {
  /** What is not there. */
  readonly title: string;
  /** What it would be, and the next step. */
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
};

export function EmptyState({ title, children, actions }: EmptyStateProps) {
  return (
    <div className={styles.empty}>
      <p className={styles.emptyTitle}>{title}</p>
      {children !== undefined && <p>{children}</p>}
      {actions !== undefined && <div className={styles.emptyActions}>{actions}</div>}
    </div>
  );
}
