import type { PreviewView } from "@openpatio/core/view";
import { Check, Info, OctagonX, TriangleAlert } from "lucide-react";
import { Table } from "#ui/table.tsx";
import styles from "./preview.module.css";

const CHECK_ICON = {
  ok: <Check size={14} strokeWidth={1.75} className={styles.ok} aria-label="passed" />,
  warning: <TriangleAlert size={14} strokeWidth={1.75} className={styles.warning} aria-label="warning" />,
  error: <OctagonX size={14} strokeWidth={1.75} className={styles.error} aria-label="refused" />,
  note: <Info size={14} strokeWidth={1.75} className={styles.info} aria-label="note" />,
};

const ORDER = ["error", "warning", "ok", "note"] as const;

type PreviewChecksProps = {
  readonly checks: PreviewView["checks"];
  /** Goes to the place in the definition. */
  readonly onPick: (path: string) => void;
};

/** What was asked and answered, refusals first. */
export function PreviewChecks({ checks, onPick }: PreviewChecksProps) {
  const ordered = checks.toSorted((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  return (
    <ul className={styles.checks}>
      {ordered.map(({ level, path, message }) => (
        <li key={`${path} ${message}`} data-level={level}>
          {CHECK_ICON[level]}
          <span>
            {message}
            {path !== null && path !== "" && (
              <button type="button" className={styles.path} onClick={() => onPick(path)}>
                {path}
              </button>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

const COUNTED = ["create", "change", "recreate", "delete"] as const;

/** How many objects of each kind come, change and go, for each cluster. */
export function ObjectCounts({ view }: { readonly view: PreviewView }) {
  const rows = new Map<string, { cluster: string; kind: string; counts: Record<string, number> }>();
  for (const { cluster, kind, change } of view.objects) {
    const key = `${cluster}/${kind}`;
    const row = rows.get(key) ?? { cluster, kind, counts: {} };
    row.counts[change] = (row.counts[change] ?? 0) + 1;
    rows.set(key, row);
  }
  const shown = COUNTED.filter((change) => change === "create" || view.objects.some((each) => each.change === change));
  const hasMany = new Set([...rows.values()].map((row) => row.cluster)).size > 1;
  if (rows.size === 0) return <p className={styles.quiet}>No object changes.</p>;
  return (
    <div className={styles.counts}>
      <Table label="Objects by kind">
        <thead>
          <tr>
            {hasMany && <th>Cluster</th>}
            <th>Kind</th>
            {shown.map((change) => (
              <th key={change} className="num">
                {change}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...rows.values()].map((row) => (
            <tr key={`${row.cluster}/${row.kind}`}>
              {hasMany && <td className="mono">{row.cluster}</td>}
              <td>{row.kind}</td>
              {shown.map((change) => (
                <td key={change} className="num">
                  {row.counts[change] ?? <span className="ink-3">0</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
