import type { ClusterRow } from "@openpatio/core/view";
import Link from "next/link";
import { formatClock } from "#lib/format.ts";
import { clusterPath } from "#lib/paths.ts";
import { SimulatedTag } from "#ui/layout.tsx";
import { MeterBar } from "#ui/meter-bar.tsx";
import { HEALTH_WORD, stateOfHealth } from "#ui/state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import { TileRow } from "#ui/tile-row.tsx";
import { RelativeTime } from "#ui/time.tsx";
import styles from "./cluster-card.module.css";
import { RackMap } from "./rack-map.tsx";

type ClusterCardsProps = { readonly clusters: readonly ClusterRow[] };

/** Node by node up to this size; a bigger cluster is drawn by rack, from its row alone. */
const MAPPED_NODES = 64;
/** Every mapped cluster is one more live topic. */
const MAPPED_CLUSTERS = 6;

export function ClusterCards({ clusters }: ClusterCardsProps) {
  return (
    <div className={styles.cards}>
      {clusters.map((cluster, index) => (
        <ClusterCard
          key={cluster.name}
          cluster={cluster}
          isMapped={index < MAPPED_CLUSTERS && cluster.nodes <= MAPPED_NODES}
        />
      ))}
    </div>
  );
}

function ClusterCard({ cluster, isMapped }: { readonly cluster: ClusterRow; readonly isMapped: boolean }) {
  const isLive = cluster.health === "live";
  const held = cluster.gpusUsed + cluster.gpusReserved;
  return (
    <article
      className={styles.card}
      data-stale={cluster.health === "stale" || cluster.health === "unreachable" || undefined}
    >
      <div className={styles.head}>
        <StateGlyph state={stateOfHealth(cluster.health)} label={HEALTH_WORD[cluster.health]} />
        <h3 className="clip">
          <Link href={clusterPath(cluster.name)}>{cluster.name}</Link>
        </h3>
        {cluster.isSimulated && <SimulatedTag />}
        <span className={`small ink-3 nowrap ${styles.aside}`}>
          <ContactNote cluster={cluster} />
        </span>
      </div>
      {cluster.message !== null && <p className={styles.message}>{cluster.message}</p>}
      {isMapped ? <RackMap cluster={cluster.name} isStale={!isLive} /> : <DomainBars cluster={cluster} />}
      <div className={styles.facts}>
        <span className="ink-3">GPUs</span>
        <span>
          <span className="strong">{held}</span> of {cluster.gpus} held
        </span>
        <span className="num ink-2">{Math.max(0, cluster.gpus - held - cluster.gpusCordoned)} free</span>
        <span className="ink-3">Groups</span>
        <TileRow tiles={cluster.tiles} total={cluster.groups} isWorstFirst />
        <span className="num ink-2">
          {cluster.groups === 0
            ? "none"
            : isLive || cluster.lastContactMs === null
              ? `${cluster.readyGroups} of ${cluster.groups} ready`
              : `as of ${formatClock(cluster.lastContactMs)}`}
        </span>
      </div>
    </article>
  );
}

function ContactNote({ cluster }: { readonly cluster: ClusterRow }) {
  if (cluster.health === "connecting") return "connecting";
  if (cluster.health === "live") {
    return [releaseOf(cluster.version), cluster.latencyMs === null ? null : `${Math.round(cluster.latencyMs)} ms`]
      .filter((part) => part !== null)
      .join(", ");
  }
  if (cluster.health === "foreign") return "owned elsewhere";
  if (cluster.lastContactMs === null) return "never reached";
  return (
    <>
      <RelativeTime atMs={cluster.lastContactMs} /> ago
    </>
  );
}

/** Build metadata ("+k3s1", "+openpatio.sandbox") has its place on the cluster's page. */
const releaseOf = (version: string | null) => version?.split("+")[0] ?? null;

function DomainBars({ cluster }: { readonly cluster: ClusterRow }) {
  return (
    <div className={styles.domains}>
      {cluster.domains.map((domain) => (
        <div key={domain.value}>
          <div className={styles.rackHead}>
            <span className="mono clip">{domain.value}</span>
            <span className="ink-3 nowrap">{domain.gpus - domain.gpusUsed - domain.gpusReserved} free</span>
          </div>
          <MeterBar
            heightPx={6}
            parts={[
              { kind: "bound", count: domain.gpusUsed, word: "bound" },
              { kind: "reserved", count: domain.gpusReserved, word: "reserved" },
              { kind: "free", count: domain.gpus - domain.gpusUsed - domain.gpusReserved, word: "free" },
            ]}
          />
        </div>
      ))}
    </div>
  );
}
