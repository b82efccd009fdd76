"use client";

import type { ContainerView, GroupView, PodView, SetDetail } from "@openpatio/core/view";
import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, Trash2 } from "lucide-react";
import { useState } from "react";
import type { PodCell } from "#features/topology/model.ts";
import { isPlace } from "#features/topology/model.ts";
import { POD_WORD } from "#features/topology/states.ts";
import { toFailure } from "#lib/errors.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPC, useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { cx } from "#ui/cx.ts";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { KeyValues } from "#ui/key-values.tsx";
import { SimulatedTag } from "#ui/layout.tsx";
import { Note } from "#ui/note.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { stateOfPod } from "#ui/state.ts";
import { StateGlyph, StateWord } from "#ui/state-glyph.tsx";
import { ClockTime, RelativeTime } from "#ui/time.tsx";
import { showFailure, showToast } from "#ui/toast.tsx";
import { CodeView } from "./code-view.tsx";
import { DiscoveryView } from "./discovery-view.tsx";
import { PanelHead } from "./group-panel.tsx";
import styles from "./panel.module.css";
import { PodLogs } from "./pod-logs.tsx";

export const POD_SECTIONS = ["facts", "logs", "discovery", "yaml"] as const;
export type PodSection = (typeof POD_SECTIONS)[number];

const SECTION_OPTIONS = [
  { value: "facts", label: "Facts" },
  { value: "logs", label: "Logs" },
  { value: "discovery", label: "Discovery" },
  { value: "yaml", label: "YAML" },
] as const;

const EVENTS_REFRESH_MS = 5_000;

type PodPanelProps = {
  readonly detail: SetDetail;
  readonly group: GroupView;
  readonly cell: PodCell;
  readonly section: PodSection;
  readonly onSection: (section: PodSection) => void;
  readonly offReason: string | null;
  readonly onSelectGroup: () => void;
  readonly onClose: () => void;
};

/** One pod, or the place of one that is not there. */
export function PodPanel(props: PodPanelProps) {
  const { detail, group, cell, section, onSection, offReason, onSelectGroup, onClose } = props;
  const { pod } = cell;
  const hasPod = !isPlace(pod);
  return (
    <>
      <PanelHead title={cell.label} onClose={onClose}>
        <StateWord state={cell.isCause ? "failed" : stateOfPod(pod.state)} progress={pod.progress}>
          {cell.isCause ? POD_WORD.failed : POD_WORD[pod.state]}
        </StateWord>
        <span className="ink-3 small clip">
          {pod.state === "ready" ? "" : cell.isCause ? cell.note : pod.stateText}
        </span>
        <button type="button" className={styles.back} onClick={onSelectGroup}>
          <ChevronLeft size={12} strokeWidth={1.75} aria-hidden />
          group {group.index}
        </button>
      </PanelHead>
      {hasPod ? (
        <>
          <div className={styles.sections}>
            <Segmented
              label="Part of the pod"
              options={SECTION_OPTIONS}
              value={section}
              onChange={onSection}
              size="dense"
            />
          </div>
          {section === "facts" && <PodFacts detail={detail} group={group} pod={pod} offReason={offReason} />}
          {section === "logs" && <PodLogs key={pod.uid} pod={pod} />}
          {section === "discovery" && (
            <DiscoveryView set={keyOf(detail)} group={group.index} version={group.incarnation} />
          )}
          {section === "yaml" && <PodYaml pod={pod} />}
        </>
      ) : (
        <section className={styles.section}>
          <p>{placeSentence(pod)}</p>
          {group.message !== null && <p className="small ink-2">{group.message}</p>}
          <KeyValues
            pairs={[
              [
                "name",
                <span key="name" className="mono">
                  {pod.name}
                </span>,
              ],
              ["GPUs", String(pod.gpus)],
              [
                "group",
                group.cluster === null ? (
                  "not placed"
                ) : (
                  <span key="group" className="mono">
                    {group.domain ?? group.cluster}
                  </span>
                ),
              ],
            ]}
          />
        </section>
      )}
    </>
  );
}

function placeSentence(pod: PodView): string {
  if (pod.state === "tornDown") {
    return "This pod was torn down with its group. Its place is kept for the next incarnation.";
  }
  return pod.stateText.startsWith("after ")
    ? `This pod does not exist yet: it is created ${pod.stateText} is ready.`
    : `This pod does not exist yet: ${pod.stateText}.`;
}

function usePod(pod: PodView) {
  const trpc = useTRPC();
  return useQuery(
    trpc.pods.get.queryOptions(
      { cluster: pod.cluster, namespace: pod.namespace, pod: pod.name },
      { refetchInterval: EVENTS_REFRESH_MS },
    ),
  );
}

type PodFactsProps = {
  readonly detail: SetDetail;
  readonly group: GroupView;
  readonly pod: PodView;
  readonly offReason: string | null;
};

function PodFacts({ detail, group, pod, offReason }: PodFactsProps) {
  const query = usePod(pod);
  return (
    <>
      <section className={styles.section}>
        <KeyValues
          pairs={[
            [
              "name",
              <span key="name" className="mono">
                {pod.name}
              </span>,
            ],
            [
              "node",
              pod.node === null ? (
                "none yet"
              ) : (
                <span key="node" className="mono">
                  {pod.node}
                </span>
              ),
            ],
            [
              "address",
              pod.ip === null ? null : (
                <span key="address" className="mono">
                  {pod.ip}
                </span>
              ),
            ],
            ["GPUs", String(pod.gpus)],
            ["incarnation", pod.incarnation === null ? null : String(pod.incarnation)],
            ["ready", pod.readySinceMs === null ? null : <Since key="ready" atMs={pod.readySinceMs} />],
            ["created", pod.createdAtMs === null ? null : <Since key="created" atMs={pod.createdAtMs} />],
            ["deleted", pod.deletingSinceMs === null ? null : <Since key="deleted" atMs={pod.deletingSinceMs} />],
          ]}
        />
        {pod.state === "deleting" && <p className="small ink-2">{pod.stateText}.</p>}
      </section>
      <section className={styles.section}>
        <h3>Containers</h3>
        <ul className={styles.containers}>
          {pod.containers.map((container) => (
            <ContainerRow key={`${container.kind} ${container.name}`} container={container} />
          ))}
        </ul>
        {pod.containers.length === 0 && <p className="small ink-2">None has been created yet.</p>}
      </section>
      <PodActions detail={detail} group={group} pod={pod} offReason={offReason} />
      <section className={styles.section}>
        <h3>Events</h3>
        {query.isPending && <SkeletonRows count={3} widths={[48, 180]} label="Waiting for events" />}
        {query.isError && <ProblemList failure={toFailure(query.error)} />}
        {query.data !== undefined && query.data.events.length === 0 && (
          <p className="small ink-2">The cluster keeps no events of this pod.</p>
        )}
        <ul className={styles.events}>
          {query.data?.events.map((event) => (
            <li
              key={`${event.lastAtMs} ${event.reason} ${event.message}`}
              data-warning={event.type === "Warning" || undefined}
            >
              {event.lastAtMs === null ? <span /> : <ClockTime atMs={event.lastAtMs} className="ink-3" />}
              <span>
                <span className="strong">{event.reason}</span> {event.message}
                {event.count > 1 && <span className="ink-3"> ×{event.count}</span>}
              </span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function Since({ atMs }: { readonly atMs: number }) {
  return (
    <>
      <RelativeTime atMs={atMs} form="full" /> ago
    </>
  );
}

function ContainerRow({ container }: { readonly container: ContainerView }) {
  const isFailed = container.state === "terminated" && container.exitCode !== null && container.exitCode !== 0;
  const state = isFailed
    ? "failed"
    : container.isReady
      ? "ready"
      : container.state === "terminated"
        ? "pending"
        : "starting";
  const words = [
    container.kind === "main" ? null : container.kind,
    container.state === "running" ? (container.isReady ? "running, ready" : "running, not ready") : container.state,
    container.reason,
    container.exitCode === null ? null : `exit ${container.exitCode}`,
    container.restarts === 0 ? null : `${container.restarts} restarts`,
  ].filter((word) => word !== null);
  return (
    <li>
      <StateGlyph state={state} />
      <div>
        <p>
          <span className="mono strong">{container.name}</span> <span className="ink-2">{words.join(", ")}</span>
        </p>
        <p className={cx("mono micro ink-3", styles.image)}>{container.image}</p>
        {container.message !== null && <p className="small ink-2">{container.message}</p>}
        {container.last !== null && (
          <p className="small ink-2">
            before: exit {container.last.exitCode}
            {container.last.reason === null ? "" : ` (${container.last.reason})`}
          </p>
        )}
      </div>
    </li>
  );
}

type Asking = "delete" | "force" | null;

function PodActions({ detail, group, pod, offReason }: PodFactsProps) {
  const client = useTRPCClient();
  const [asking, setAsking] = useState<Asking>(null);
  const key = { cluster: pod.cluster, namespace: pod.namespace, pod: pod.name };
  const role = detail.roles.find((item) => item.role === pod.role);
  const isIgnored = role?.onPodFailure === "Ignore";
  const consequence = isIgnored
    ? `Its workload replaces it; failures of ${pod.role ?? "this role"} are ignored by the group.`
    : `The group counts that as a failure: everything of incarnation ${group.incarnation} stops, then incarnation ${group.incarnation + 1} starts in order.`;
  const fault = async (title: string, act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
      showToast({ title, description: `${pod.name} on the simulated cluster ${pod.cluster}.` });
    } catch (error) {
      showFailure("Nothing was done", error);
    }
  };
  return (
    <section className={styles.section}>
      <div className={styles.actions}>
        <Button size="dense" kind="danger" disabledReason={offReason} onClick={() => setAsking("delete")}>
          <Trash2 aria-hidden />
          Delete…
        </Button>
        <Button size="dense" kind="danger" disabledReason={offReason} onClick={() => setAsking("force")}>
          Force-delete…
        </Button>
      </div>
      {detail.isSimulated && (
        <Note state="pending" icon={<SimulatedTag />}>
          <div className={styles.actions}>
            <Button
              size="dense"
              disabledReason={
                offReason ?? (pod.containers.some((item) => item.state === "running") ? null : "No container runs")
              }
              onClick={() => void fault("Container failed", () => client.sandbox.failContainer.mutate(key))}
            >
              Fail container
            </Button>
            <Button
              size="dense"
              disabledReason={offReason}
              onClick={() => void fault("Pod killed", () => client.sandbox.killPod.mutate(key))}
            >
              Kill pod
            </Button>
          </div>
        </Note>
      )}
      <ConfirmDialog
        isOpen={asking === "delete"}
        onOpenChange={(isOpen) => setAsking(isOpen ? "delete" : null)}
        title={`Delete ${pod.name}`}
        description={`The pod gets its grace period and ends. ${consequence}`}
        confirmLabel="Delete pod"
        isDanger
        onConfirm={() => client.pods.delete.mutate({ ...key, uid: pod.uid })}
      />
      <ConfirmDialog
        isOpen={asking === "force"}
        onOpenChange={(isOpen) => setAsking(isOpen ? "force" : null)}
        title={`Force-delete ${pod.name}`}
        description={`The cluster forgets the pod at once, although its containers may still run on ${pod.node ?? "its node"}. Only for a node that is gone. ${consequence}`}
        confirmLabel="Force-delete pod"
        isDanger
        typedName={pod.name}
        onConfirm={() => client.pods.delete.mutate({ ...key, uid: pod.uid, force: true })}
      />
    </section>
  );
}

function PodYaml({ pod }: { readonly pod: PodView }) {
  const query = usePod(pod);
  if (query.isPending) return <SkeletonRows count={8} widths={[220]} label="Waiting for the pod" />;
  if (query.isError) {
    return (
      <section className={styles.section}>
        <ProblemList failure={toFailure(query.error)} />
      </section>
    );
  }
  return <CodeView text={query.data.yaml} label="Pod" fileName={`${pod.name}.yaml`} isTall />;
}
