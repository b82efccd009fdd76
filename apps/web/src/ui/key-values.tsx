import type { ReactNode } from "react";
import styles from "./feedback.module.css";

export type KeyValue = readonly [name: string, value: ReactNode];

/** Name and value pairs of a panel; pairs whose value is null are left out. */
export function KeyValues({ pairs }: { readonly pairs: readonly KeyValue[] }) {
  return (
    <dl className={styles.keyValues}>
      {pairs.map(([name, value]) =>
        value === null ? null : (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
