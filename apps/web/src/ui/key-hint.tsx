import styles from "./feedback.module.css";

/** A key or chord, e.g. "⌘K". */
export function KeyHint({ children }: { readonly children: string }) {
  return <kbd className={styles.kbd}>{children}</kbd>;
}
