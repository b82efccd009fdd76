import type { KubeObject, SetState } from "@openpatio/core/model";
import { createSet } from "@openpatio/core/plan";
import { SetSpecInput } from "@openpatio/core/spec";
import { aNode, aPod, Operated, World } from "@openpatio/core/testing";

/** What is measured: groups of router 1, prefill 2, decode 2. */
export type Subject = {
  readonly groups: number;
  /** Ordered: decode after prefill. */
  readonly order: "parallel" | "ordered";
};

export const PODS_PER_GROUP = 5;
/** R workloads + R services + 2 ConfigMaps + 1 owner. */
export const CREATIONS_PER_GROUP = 3 + 3 + 2 + 1;

export function manifestOf({ groups, order }: Subject, namespace: string, name: string) {
  const role = (of: string, replicas: number, dependencies: readonly string[]) => ({
    role: of,
    replicas,
    ...(order === "parallel" ? {} : { dependencies }),
    template: {
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [{ name: "engine", image: "engine:1", ports: [{ name: "http", containerPort: 8000 }] }],
      },
    },
  });
  return {
    apiVersion: "openpatio.io/v1alpha1",
    kind: "RoleBasedGroupSet",
    metadata: { name, namespace },
    spec: {
      replicas: groups,
      startupPolicy: order === "parallel" ? "Parallel" : "Ordered",
      // Whatever a run makes is failed once in the part that measures recovery; its backoff is not what is measured.
      recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 } },
      groupTemplate: {
        roles: [role("router", 1, []), role("prefill", 2, []), role("decode", 2, ["prefill"])],
      },
    },
  };
}

/** The set as it is stored when it was just made. */
export function newSet(subject: Subject, namespace: string, name: string): SetState {
  const { spec } = manifestOf(subject, namespace, name);
  const parsed = SetSpecInput.parse({ ...spec, placement: { clusters: { names: ["north"] } } });
  return createSet({ id: "bench", namespace, name }, { ...parsed, replicas: subject.groups }, 0).state;
}

/** Plans and acts until every group is Ready, in a world where a pod is Ready as soon as its workload exists. */
export function settle(state: SetState): Operated {
  const world = new World([aNode("node-0", { allocatable: { cpu: 1e9, memory: 2 ** 60, pods: 1e9 } })]);
  const operated = new Operated(world, state);
  for (let round = 0; round < 20; round++) {
    const { actions } = operated.reconcile();
    if (actions.every(({ kind }) => kind === "status") && operated.plan().status.phase === "Ready") return operated;
    for (const { shown, template } of world.workloads.values()) {
      if (shown.observedGeneration === shown.generation) continue;
      shown.observedGeneration = shown.generation;
      shown.readyReplicas = shown.replicas;
      for (let ordinal = 0; ordinal < shown.replicas; ordinal++) {
        const name = `${shown.name}-${ordinal}`;
        const { namespace, set, groupIndex, role, incarnation, revisionHash, uid } = shown;
        const setId = template.metadata?.annotations?.["openpatio.io/set-id"] ?? null;
        const owner = { ownerUid: uid, ownerKind: "StatefulSet", ownerName: shown.name };
        const of = { namespace, set, groupIndex, role, incarnation, revisionHash, ordinal, setId, ...owner };
        world.pods.set(name, aPod(name, { ...of, nodeName: "node-0", readySinceMs: world.nowMs }));
      }
    }
    world.nowMs += 1000;
  }
  throw new Error(`not settled: ${operated.plan().status.message}`);
}

/** Everything that is created for each group, in the order in which it is created. */
export function creationsOf(subject: Subject, namespace: string, name: string): readonly (readonly KubeObject[])[] {
  const groups: KubeObject[][] = Array.from({ length: subject.groups }, () => []);
  for (const action of settle(newSet(subject, namespace, name)).acted)
    if (action.kind === "create" && action.group !== null) groups[action.group]?.push(action.object);
  return groups;
}
