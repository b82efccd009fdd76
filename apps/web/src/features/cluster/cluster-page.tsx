"use client";

import type { ClusterDetail } from "@openpatio/core/view";
import { Ellipsis, RefreshCw, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { SandboxBar } from "#features/sandbox/sandbox-bar.tsx";
import { formatClock, formatPlural } from "#lib/format.ts";
import { useLiveEntries, useLiveEntry, useLiveStatus } from "#lib/live.ts";
import { clusterTopic } from "#lib/paths.ts";
import { useQueryState } from "#lib/query-state.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button, ButtonLink, IconButton } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { PageHead, Readout, Readouts, SectionHead, SimulatedTag, Tag } from "#ui/layout.tsx";
import { Menu, MenuItem } from "#ui/menu.tsx";
import { MeterBar } from "#ui/meter-bar.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { Skeleton, SkeletonRows } from "#ui/skeleton.tsx";
import { HEALTH_WORD, stateOfHealth, stateOfPhase, type TileState } from "#ui/state.ts";
import { StateGlyph, StateWord } from "#ui/state-glyph.tsx";
import { TileRow } from "#ui/tile-row.tsx";
import { showFailure, showToast } from "#ui/toast.tsx";
import { ClusterAside } from "./cluster-aside.tsx";
import styles from "./cluster-page.module.css";
import { GroupsTable } from "./groups-table.tsx";
import { OwnershipNote } from "./ownership-note.tsx";
import { prepareRacks } from "./prepare-racks.ts";
import { RackDrawing } from "./rack-drawing.tsx";
import { type ElevationMode, RackElevation } from "./rack-elevation.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";

export function ClusterPage({ name }: { readonly name: string }) {
  const topic = clusterTopic(name);
  const detail = useLiveEntry(topic, "cluster");
  const status = useLiveStatus(topic);
  if (status === "gone") {
    return (
      <EmptyState
        title={`No cluster is called ${name}`}
        actions={<ButtonLink href="/clusters">All clusters</ButtonLink>}
      >
        It was removed, or it never was registered here.
      </EmptyState>
    );
  }
  if (detail === undefined) {
    return (
      <>
        <PageHead title={name} isName>
          <Skeleton width={320} />
        </PageHead>
        <SkeletonRows label={`Waiting for ${name}`} count={8} widths={[84, 260, 40]} />
      </>
    );
  }
  return <Cluster detail={detail} />;
}

function Cluster({ detail }: { readonly detail: ClusterDetail }) {
  const isStale = detail.health === "stale" || detail.health === "unreachable";
  return (
    <>
      {detail.isSimulated && <SandboxBar cluster={detail.name} />}
      <Head detail={detail} />
      <OwnershipNote detail={detail} />
      <div className={isStale ? styles.stale : undefined}>
        <Figures detail={detail} />
        <Racks detail={detail} />
        <div className={styles.body}>
          <section aria-labelledby="groups">
            <SectionHead title="Groups here" id="groups" note={detail.groupsHere.length} />
            <GroupsTable cluster={detail.name} groups={detail.groupsHere} />
          </section>
          <ClusterAside detail={detail} />
        </div>
      </div>
    </>
  );
}

function Head({ detail }: { readonly detail: ClusterDetail }) {
  const api = useTRPCClient();
  const [isRemoving, setRemoving] = useState(false);
  const retry = async () => {
    try {
      await api.clusters.retry.mutate({ name: detail.name });
      showToast({ title: `Asked ${detail.name} again` });
    } catch (error) {
      showFailure(`Could not reach ${detail.name}`, error);
    }
  };
  return (
    <>
      <PageHead
        title={detail.name}
        isName
        beside={
          <>
            <StateWord state={stateOfHealth(detail.health)} isBoxed>
              {HEALTH_WORD[detail.health]}
            </StateWord>
            {detail.version !== null && <Tag>{detail.version}</Tag>}
            {detail.isSimulated && <SimulatedTag />}
          </>
        }
        actions={
          <>
            {isOutOfContact(detail) && (
              <Button onClick={() => void retry()}>
                <RefreshCw aria-hidden />
                Try to reach it
              </Button>
            )}
            <Menu
              trigger={
                <IconButton label="More" kind="plain">
                  <Ellipsis aria-hidden />
                </IconButton>
              }
            >
              <MenuItem icon={<RefreshCw aria-hidden />} onSelect={() => void retry()}>
                Connect again
              </MenuItem>
              <MenuItem
                icon={<Trash2 aria-hidden />}
                isDanger
                disabledReason={
                  detail.isSimulated
                    ? "It belongs to the sandbox. Start with OPENPATIO_SANDBOX=off to be without it"
                    : null
                }
                onSelect={() => setRemoving(true)}
              >
                Remove…
              </MenuItem>
            </Menu>
          </>
        }
      >
        <Sentence detail={detail} />
      </PageHead>
      <RemoveDialog detail={detail} isOpen={isRemoving} onOpenChange={setRemoving} />
    </>
  );
}

/** Neither ours nor another's is a matter of contact. */
const isOutOfContact = ({ health, ownership }: ClusterDetail): boolean =>
  health !== "live" && health !== "foreign" && ownership.state !== "pausing";

function Sentence({ detail }: { readonly detail: ClusterDetail }) {
  if (detail.health === "foreign") return "It is watched, and not written to.";
  if (detail.ownership.state === "pausing") return "It was taken over a moment ago.";
  if (detail.health === "connecting") return detail.message ?? "Connecting and reading its nodes and pods.";
  if (detail.health !== "live") {
    const asOf = detail.lastContactMs === null ? "" : ` Shown as it was at ${formatClock(detail.lastContactMs)} UTC.`;
    return `${detail.message ?? "It does not answer."}${asOf}`;
  }
  const troubled = detail.groups - detail.readyGroups;
  const parts = [
    `${detail.usableNodes} of ${detail.nodes} nodes usable.`,
    detail.groups === 0
      ? "No group is placed here."
      : troubled === 0
        ? detail.groups === 1
          ? "Its group is ready."
          : `All ${detail.groups} groups are ready.`
        : `${troubled} of ${formatPlural(detail.groups, "group")} not ready.`,
    detail.latencyMs === null ? "" : `Answers in ${Math.max(1, Math.round(detail.latencyMs))} ms.`,
    detail.ownership.message === null ? (detail.message ?? "") : "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function Figures({ detail }: { readonly detail: ClusterDetail }) {
  const held = detail.gpusUsed + detail.gpusReserved;
  const block = detail.largestFreeBlock;
  return (
    <Readouts>
      <Readout label="GPUs" figure={held} unit={`of ${detail.gpus} held`} grow={1.9} isWide>
        <MeterBar
          hasLegend
          parts={[
            { kind: "bound", count: detail.gpusUsed, word: "bound" },
            { kind: "reserved", count: detail.gpusReserved, word: "reserved" },
            { kind: "cordoned", count: detail.gpusCordoned, word: "cordoned" },
            { kind: "free", count: Math.max(0, detail.gpus - held - detail.gpusCordoned), word: "free" },
          ]}
        />
      </Readout>
      <Readout label="Groups" figure={detail.readyGroups} unit={`of ${detail.groups} ready`} grow={1.3}>
        {detail.groups > 0 && <TileRow tiles={detail.tiles} total={detail.groups} isWorstFirst />}
      </Readout>
      <Readout
        label="Largest free block"
        figure={block === null ? "none" : block.gpus}
        unit={block === null ? undefined : block.gpus === 1 ? "GPU in one domain" : "GPUs in one domain"}
      >
        {block !== null && <span className="mono">{block.domain}</span>}
      </Readout>
      <Readout label="Pods" figure={detail.readyPods} unit={`of ${detail.pods} ready`} />
    </Readouts>
  );
}

const MODES = [
  { value: "state", label: "State" },
  { value: "room", label: "Room" },
] as const satisfies readonly { value: ElevationMode; label: string }[];

/** Beyond this many nodes a rack is drawn in miniature: names would be noise. */
const DETAILED_NODES = 96;

function Racks({ detail }: { readonly detail: ClusterDetail }) {
  const topic = clusterTopic(detail.name);
  const nodes = useLiveEntries(topic, "node/");
  const pods = useLiveEntries(topic, "pod/");
  const [query, change] = useQueryState();
  const mode: ElevationMode = query.get("view") === "room" ? "room" : "state";
  const racks = useMemo(() => prepareRacks(nodes, pods), [nodes, pods]);
  const phases = useMemo(
    () => new Map(detail.groupsHere.map((group) => [`${group.namespace}/${group.set}-${group.index}`, group.phase])),
    [detail.groupsHere],
  );
  const stateOfGroup = (group: string): TileState => {
    const phase = phases.get(group);
    return phase === undefined ? "unknown" : stateOfPhase(phase);
  };
  const key = detail.domains[0]?.key;
  return (
    <section aria-labelledby="racks">
      <SectionHead title="Nodes" id="racks" note={key === undefined ? undefined : `by ${key}`}>
        <Segmented
          label="What the tiles show"
          options={MODES}
          value={mode}
          onChange={(next) => change({ view: next === "state" ? null : next })}
          size="dense"
        />
      </SectionHead>
      {nodes.length === 0 ? (
        <EmptyState title="No nodes are known">They appear when the cluster has answered.</EmptyState>
      ) : nodes.length > DETAILED_NODES ? (
        <div className={styles.compact}>
          {racks.map((rack) => (
            <div key={rack.name}>
              <div className={styles.compactHead}>
                <span className="mono clip">{rack.name === "" ? "no rack" : rack.name}</span>
                <span className="ink-3 nowrap">{rack.freeGpus} free</span>
              </div>
              <RackDrawing rack={rack} isStale={detail.health !== "live"} />
            </div>
          ))}
        </div>
      ) : (
        <RackGrid
          cluster={detail.name}
          racks={racks}
          mode={mode}
          stateOfGroup={stateOfGroup}
          node={query.get("node")}
        />
      )}
      <Legend mode={mode} />
    </section>
  );
}

type RackGridProps = {
  readonly cluster: string;
  readonly racks: ReturnType<typeof prepareRacks>;
  readonly mode: ElevationMode;
  readonly stateOfGroup: (group: string) => TileState;
  readonly node: string | null;
};

function RackGrid({ cluster, racks, mode, stateOfGroup, node }: RackGridProps) {
  return (
    <div className={styles.racks}>
      {racks.map((rack) => (
        <RackElevation
          key={rack.name}
          cluster={cluster}
          rack={rack}
          mode={mode}
          stateOfGroup={stateOfGroup}
          selectedNode={node}
        />
      ))}
    </div>
  );
}

const LEGEND_STATES = ["ready", "starting", "pending", "tornDown", "degraded", "failed"] as const;

function Legend({ mode }: { readonly mode: ElevationMode }) {
  return (
    <div className={styles.legend}>
      {mode === "state" &&
        LEGEND_STATES.map((state) => (
          <span key={state}>
            <StateGlyph state={state} size={10} />
            {state === "pending" ? "not created" : state === "tornDown" ? "torn down" : state}
          </span>
        ))}
      <span>
        <i className={styles.freeSlot} />
        free GPU
      </span>
      <span>
        <i className={styles.otherSlot} />
        not of a set
      </span>
      {mode === "state" && (
        <span>
          <i className={styles.outline} />
          outline: one group
        </span>
      )}
      <span>a tile is one pod, as wide as the GPUs it holds</span>
    </div>
  );
}
