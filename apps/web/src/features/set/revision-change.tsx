import { ArrowRight } from "lucide-react";
import styles from "./panel.module.css";

/** "14 → 15", or the number alone when nothing changes. */
export function RevisionChange({ from, to }: { readonly from: number | null; readonly to: number }) {
  if (from === null || from === to) return <span className="mono">{to}</span>;
  return (
    <span className={styles.change}>
      <span className="mono">{from}</span>
      <ArrowRight size={12} strokeWidth={1.75} aria-label="to" />
      <span className="mono">{to}</span>
    </span>
  );
}
