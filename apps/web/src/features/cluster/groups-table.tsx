import type { ClusterDetail } from "@openpatio/core/view";
import Link from "next/link";
import { formatCount } from "#lib/format.ts";
import { groupPath } from "#lib/paths.ts";
import { EmptyState } from "#ui/empty-state.tsx";
import { stateOfPhase, stateRank } from "#ui/state.ts";
import { StateWord } from "#ui/state-glyph.tsx";
import { Table } from "#ui/table.tsx";
import { RelativeTime } from "#ui/time.tsx";
import styles from "./cluster-page.module.css";

type GroupsTableProps = { readonly cluster: string; readonly groups: ClusterDetail["groupsHere"] };

/** Those in trouble are on top, so the rest of a big cluster is better looked at by set. */
const GROUPS_SHOWN = 200;

/** Groups placed on a cluster: worst first, then the longest in that phase. */
export function GroupsTable({ cluster, groups }: GroupsTableProps) {
  if (groups.length === 0) {
    return (
      <EmptyState title="No group is placed here">
        A set that names this cluster, or may go anywhere, would be.
      </EmptyState>
    );
  }
  const ordered = groups.toSorted(
    (a, b) => stateRank(stateOfPhase(a.phase)) - stateRank(stateOfPhase(b.phase)) || a.sinceMs - b.sinceMs,
  );
  return (
    <>
      <Table label="Table of groups">
        <thead>
          <tr>
            <th>Group</th>
            <th>Namespace</th>
            <th>Phase</th>
            <th className="num">Pods</th>
            <th>Domain</th>
            <th className="num">GPUs</th>
            <th className="num">In phase</th>
          </tr>
        </thead>
        <tbody>
          {ordered.slice(0, GROUPS_SHOWN).map((group) => (
            <tr key={`${group.namespace}/${group.set}-${group.index}/${group.home}`}>
              <td>
                <Link
                  className="mono strong"
                  href={groupPath({ namespace: group.namespace, name: group.set, home: group.home }, group.index)}
                >
                  {group.set}-{group.index}
                </Link>
              </td>
              <td className="ink-2">{group.namespace}</td>
              <td>
                <StateWord state={stateOfPhase(group.phase)} />
              </td>
              <td className="num">
                {group.readyPods}/{group.pods}
              </td>
              <td>
                {group.domain === null ? (
                  <span className="ink-3">none</span>
                ) : (
                  <span className="mono">{group.domain}</span>
                )}
              </td>
              <td className="num">{group.gpus}</td>
              <td className="num ink-2">
                <RelativeTime atMs={group.sinceMs} />
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
      {ordered.length > GROUPS_SHOWN && (
        <p className={`ink-2 ${styles.more}`}>
          {formatCount(ordered.length - GROUPS_SHOWN)} more:{" "}
          <Link className="link" href={`/sets?cluster=${encodeURIComponent(cluster)}`}>
            all sets on this cluster
          </Link>
        </p>
      )}
    </>
  );
}
