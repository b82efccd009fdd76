"use client";

import type { ClusterRow } from "@openpatio/core/view";
import { Plus } from "lucide-react";
import Link from "next/link";
import { useLiveEntries, useLiveStatus } from "#lib/live.ts";
import { clusterPath } from "#lib/paths.ts";
import { useQueryState } from "#lib/query-state.ts";
import { Button } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { PageHead, SimulatedTag } from "#ui/layout.tsx";
import { MeterBar } from "#ui/meter-bar.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { HEALTH_WORD, stateOfHealth } from "#ui/state.ts";
import { StateWord } from "#ui/state-glyph.tsx";
import { Table } from "#ui/table.tsx";
import { TileRow } from "#ui/tile-row.tsx";
import { RelativeTime } from "#ui/time.tsx";
import styles from "./clusters-page.module.css";
import { RegisterDialog } from "./register-dialog.tsx";

export function ClustersPage() {
  const clusters = useLiveEntries("clusters", "");
  const status = useLiveStatus("clusters");
  const [query, change] = useQueryState();
  const setRegistering = (isOpen: boolean) => change({ register: isOpen ? "1" : null });
  const answering = clusters.filter(isAnswering).length;
  const foreign = clusters.filter(({ health }) => health === "foreign").length;
  return (
    <>
      <PageHead
        title="Clusters"
        actions={
          <Button kind="primary" onClick={() => setRegistering(true)}>
            <Plus aria-hidden />
            Register cluster
          </Button>
        }
      >
        {status === "loading"
          ? "Waiting for clusters."
          : `${answering} of ${clusters.length} answer.${foreign === 0 ? "" : ` ${foreign} ${foreign === 1 ? "belongs" : "belong"} to another control plane.`}`}
      </PageHead>
      {status === "loading" ? (
        <SkeletonRows label="Waiting for clusters" />
      ) : clusters.length === 0 ? (
        <EmptyState
          title="No cluster is registered"
          actions={<Button onClick={() => setRegistering(true)}>Register cluster</Button>}
        >
          Paste or upload a kubeconfig. Nothing is created on the cluster before a set is applied to it.
        </EmptyState>
      ) : (
        <ClustersTable clusters={clusters} />
      )}
      <RegisterDialog isOpen={query.get("register") === "1"} onOpenChange={setRegistering} />
    </>
  );
}

function ClustersTable({ clusters }: { readonly clusters: readonly ClusterRow[] }) {
  return (
    <Table label="Table of clusters">
      <thead>
        <tr>
          <th>Cluster</th>
          <th>Health</th>
          <th data-minor>Version</th>
          <th className="num" data-minor>
            Answers in
          </th>
          <th className="num" data-minor>
            Last contact
          </th>
          <th className="num" data-minor>
            Nodes
          </th>
          <th data-minor>GPUs</th>
          <th className="num">Held</th>
          <th data-minor>Groups</th>
          <th className="num" data-minor>
            Ready
          </th>
          <th data-minor>Largest free block</th>
        </tr>
      </thead>
      <tbody>
        {clusters.map((cluster) => (
          <tr key={cluster.name}>
            <td>
              <span className={styles.name}>
                <Link className="mono strong" href={clusterPath(cluster.name)}>
                  {cluster.name}
                </Link>
                {cluster.isSimulated && <SimulatedTag />}
              </span>
            </td>
            <td title={cluster.message ?? undefined}>
              <StateWord state={stateOfHealth(cluster.health)}>{HEALTH_WORD[cluster.health]}</StateWord>
            </td>
            <td className="ink-2" data-minor>
              {cluster.version ?? "unknown"}
            </td>
            <td className="num" data-minor>
              {latencyOf(cluster)}
            </td>
            <td className="num ink-2" data-minor>
              {cluster.lastContactMs === null ? (
                "never"
              ) : isAnswering(cluster) ? (
                "now"
              ) : (
                <RelativeTime atMs={cluster.lastContactMs} />
              )}
            </td>
            <td className="num" data-minor>
              {cluster.usableNodes}/{cluster.nodes}
            </td>
            <td className={styles.meter} data-minor>
              <MeterBar
                heightPx={6}
                parts={[
                  { kind: "bound", count: cluster.gpusUsed, word: "bound" },
                  { kind: "reserved", count: cluster.gpusReserved, word: "reserved" },
                  { kind: "cordoned", count: cluster.gpusCordoned, word: "cordoned" },
                  {
                    kind: "free",
                    count: cluster.gpus - cluster.gpusUsed - cluster.gpusReserved - cluster.gpusCordoned,
                    word: "free",
                  },
                ]}
              />
            </td>
            <td className="num">
              {cluster.gpusUsed + cluster.gpusReserved}/{cluster.gpus}
            </td>
            <td data-minor>
              <TileRow tiles={cluster.tiles} total={cluster.groups} isWorstFirst limit={8} isOneLine />
            </td>
            <td className="num" data-minor>
              {cluster.readyGroups}/{cluster.groups}
            </td>
            <td className="ink-2" data-minor>
              {cluster.largestFreeBlock === null ? (
                "none"
              ) : (
                <>
                  {cluster.largestFreeBlock.gpus} in <span className="mono">{cluster.largestFreeBlock.domain}</span>
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

const isAnswering = ({ health }: ClusterRow): boolean => health === "live" || health === "foreign";

function latencyOf(cluster: ClusterRow): string {
  if (!isAnswering(cluster)) return "no answer";
  return cluster.latencyMs === null ? "unknown" : `${Math.max(1, Math.round(cluster.latencyMs))} ms`;
}
