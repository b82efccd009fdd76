"use client";

import type { PodView } from "@openpatio/core/view";
import { useMemo, useState } from "react";
import { useLiveEntries } from "#lib/live.ts";
import { clusterTopic } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { Field, Select } from "#ui/field.tsx";
import { showToast } from "#ui/toast.tsx";

type PodDialogProps = {
  readonly cluster: string;
  readonly set: { readonly namespace: string; readonly name: string } | undefined;
  readonly onClose: () => void;
};

/** Exit codes as a kernel or an engine gives them. */
const EXIT_CODES = [
  [137, "137, out of memory"],
  [139, "139, segmentation fault"],
  [1, "1, error"],
  [0, "0, ended by itself"],
] as const;

export function KillPodDialog({ cluster, set, onClose }: PodDialogProps) {
  const api = useTRPCClient();
  const choice = usePodChoice(cluster, set);
  return (
    <ConfirmDialog
      isOpen
      onOpenChange={onClose}
      title="Kill a pod"
      description="The pod is deleted without a word to the control plane, as a person with kubectl would. Its group's recovery policy decides what follows."
      confirmLabel="Kill pod"
      isDanger
      onConfirm={async () => {
        if (choice.pod === undefined) throw new Error("There is no pod to kill.");
        await api.sandbox.killPod.mutate({ cluster, namespace: choice.pod.namespace, pod: choice.pod.name });
        showToast({ title: `Killed ${choice.pod.name}` });
      }}
    >
      <PodField choice={choice} />
    </ConfirmDialog>
  );
}

export function FailContainerDialog({ cluster, set, onClose }: PodDialogProps) {
  const api = useTRPCClient();
  const choice = usePodChoice(cluster, set);
  const [container, setContainer] = useState("");
  const [exitCode, setExitCode] = useState<number>(EXIT_CODES[0][0]);
  const containers = choice.pod?.containers.filter(({ kind }) => kind !== "init") ?? [];
  return (
    <ConfirmDialog
      isOpen
      onOpenChange={onClose}
      title="Fail a container"
      description="Its process exits with the code that you choose; the kubelet restarts it in place. A container that restarts after its pod was ready is a failure of its group."
      confirmLabel="Fail container"
      isDanger
      onConfirm={async () => {
        if (choice.pod === undefined) throw new Error("There is no pod to fail.");
        const chosen = containers.find(({ name }) => name === container) ?? containers[0];
        await api.sandbox.failContainer.mutate({
          cluster,
          namespace: choice.pod.namespace,
          pod: choice.pod.name,
          exitCode,
          ...(chosen !== undefined && { container: chosen.name }),
        });
        showToast({ title: `Failed ${chosen?.name ?? "the container"} of ${choice.pod.name} with exit ${exitCode}` });
      }}
    >
      <PodField choice={choice} />
      {containers.length > 1 && (
        <Field label="Container">
          <Select isMono value={container} onChange={(event) => setContainer(event.target.value)}>
            {containers.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </Field>
      )}
      <Field label="Exit code">
        <Select value={exitCode} onChange={(event) => setExitCode(Number(event.target.value))}>
          {EXIT_CODES.map(([code, label]) => (
            <option key={code} value={code}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
    </ConfirmDialog>
  );
}

type DrainDialogProps = { readonly cluster: string; readonly onClose: () => void };

export function DrainDialog({ cluster, onClose }: DrainDialogProps) {
  const api = useTRPCClient();
  const nodes = useLiveEntries(clusterTopic(cluster), "node/");
  const [chosen, setChosen] = useState("");
  const busiest = useMemo(() => nodes.toSorted((a, b) => b.pods - a.pods || (a.name < b.name ? -1 : 1)), [nodes]);
  const node = nodes.find(({ name }) => name === chosen) ?? busiest[0];
  return (
    <ConfirmDialog
      isOpen
      onOpenChange={onClose}
      title="Drain a node"
      description="The node takes no new pods and its pods are evicted, as before maintenance. Groups that lose a pod recover, elsewhere if their rack no longer has room."
      confirmLabel="Drain node"
      isDanger
      onConfirm={async () => {
        if (node === undefined) throw new Error("There is no node to drain.");
        const answer = await api.sandbox.drainNode.mutate({ cluster, node: node.name });
        showToast({ title: `Drained ${node.name}`, description: `${answer.evicted} pods evicted.` });
      }}
    >
      <Field label="Node">
        <Select isMono value={node?.name ?? ""} onChange={(event) => setChosen(event.target.value)}>
          {busiest.map(({ name, pods, isCordoned }) => (
            <option key={name} value={name}>
              {name} ({pods} pods{isCordoned ? ", cordoned" : ""})
            </option>
          ))}
        </Select>
      </Field>
    </ConfirmDialog>
  );
}

type PodChoice = {
  readonly pods: readonly PodView[];
  readonly pod: PodView | undefined;
  readonly choose: (uid: string) => void;
};

function usePodChoice(cluster: string, set: PodDialogProps["set"]): PodChoice {
  const all = useLiveEntries(clusterTopic(cluster), "pod/");
  const [uid, choose] = useState("");
  const pods = useMemo(
    () =>
      all
        .filter((pod) => pod.node !== null && pod.set !== null)
        .filter((pod) => set === undefined || (pod.namespace === set.namespace && pod.set === set.name))
        .toSorted((a, b) => Number(b.state === "ready") - Number(a.state === "ready") || (a.name < b.name ? -1 : 1)),
    [all, set],
  );
  return { pods, pod: pods.find((pod) => pod.uid === uid) ?? pods[0], choose };
}

function PodField({ choice }: { readonly choice: PodChoice }) {
  if (choice.pods.length === 0) {
    return <p className="ink-2">No pod of a set runs here. Apply a set first.</p>;
  }
  return (
    <Field label="Pod">
      <Select isMono value={choice.pod?.uid ?? ""} onChange={(event) => choice.choose(event.target.value)}>
        {choice.pods.map((pod) => (
          <option key={pod.uid} value={pod.uid}>
            {pod.name} ({pod.stateText})
          </option>
        ))}
      </Select>
    </Field>
  );
}
