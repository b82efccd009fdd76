import { configMapName, envMapName, groupName, type KubeObject, LABEL, serviceName } from "@openpatio/core/model";
import fc from "fast-check";
import type { Stage } from "./acts.ts";
import { KINDS, resourceOf, type SimCluster } from "./sim-cluster.ts";

/** What people, and other programs, do by hand to objects that are ours. `role` counts round. */
export type ForeignAct = At &
  (
    | { readonly act: "foreign-scale" | "autoscale"; readonly replicas: number }
    | { readonly act: "foreign-edit" | "foreign-delete" | "strip-label"; readonly what: Target }
  );
type At = { readonly set: number; readonly group: number; readonly role: number };

const TARGETS = ["owner", "config", "env", "service", "workload"] as const;
type Target = (typeof TARGETS)[number];

const at = { set: fc.nat({ max: 1 }), group: fc.nat({ max: 3 }), role: fc.nat({ max: 4 }) };
const act = <const T extends string>(...names: T[]) => fc.constantFrom<T>(...names);

export const foreignActs: fc.Arbitrary<ForeignAct> = fc.oneof(
  fc.record({ act: act("foreign-scale", "autoscale"), ...at, replicas: fc.nat({ max: 3 }) }),
  fc.record({ act: act("foreign-edit"), ...at, what: fc.constantFrom<Target>("config", "env", "service") }),
  fc.record({ act: act("foreign-delete"), ...at, what: fc.constantFrom(...TARGETS) }),
  fc.record({ act: act("strip-label"), ...at, what: fc.constantFrom(...TARGETS) }),
);

const BY_AUTOSCALER = { fieldManager: "autoscaler" };
const BY_HAND = { fieldManager: "kubectl-edit" };

export function performForeign(foreign: ForeignAct, stage: Stage): void {
  for (const cluster of stage.clusters) {
    const object = find(foreign, stage, cluster);
    if (object === undefined) continue;
    const { namespace, name } = object.metadata;
    const resource = resourceOf(object.kind);
    switch (foreign.act) {
      // An outside autoscaler, at its own business: nothing is to come of it.
      case "autoscale":
        cluster.store.patch(resource, namespace, name, { spec: { replicas: foreign.replicas } }, BY_AUTOSCALER);
        break;
      case "foreign-scale":
        stage.invariants.meddled(object);
        cluster.store.patch(resource, namespace, name, { spec: { replicas: foreign.replicas } }, BY_HAND);
        break;
      case "foreign-edit": {
        const change =
          object.kind === "Service" ? { spec: { publishNotReadyAddresses: false } } : { data: { extra: "by hand" } };
        cluster.store.patch(resource, namespace, name, change, BY_HAND);
        break;
      }
      case "foreign-delete":
        if (foreign.what === "owner" || foreign.what === "workload") stage.invariants.meddled(object);
        cluster.store.delete(resource, namespace, name, { propagation: "Background" });
        break;
      case "strip-label":
        stage.invariants.meddled(object);
        stage.stripped.push({ cluster, object });
        cluster.store.patch(resource, namespace, name, { metadata: { labels: { [LABEL.set]: null } } }, BY_HAND);
        break;
    }
  }
}

/** Whoever took the labels off puts them on again. */
export function restoreLabels({ stripped }: Stage): void {
  for (const { cluster, object } of stripped) {
    const { namespace, name, uid, labels } = object.metadata;
    const resource = resourceOf(object.kind);
    if (cluster.store.get(resource, namespace, name)?.metadata.uid !== uid) continue;
    cluster.store.patch(resource, namespace, name, { metadata: { labels } }, BY_HAND);
  }
}

/** The object, where it is there and ours. */
function find(foreign: ForeignAct, stage: Stage, cluster: SimCluster): KubeObject | undefined {
  const { database, ids, namespace } = stage;
  const state = database.read(ids[foreign.set % ids.length] ?? "")?.state;
  if (state === undefined) return undefined;
  const { roles } = state.spec.groupTemplate;
  const external = roles.filter((one) => one.scaling.external);
  if (foreign.act === "autoscale" && external.length === 0) return undefined;
  const candidates = foreign.act === "autoscale" ? external : roles;
  const role = candidates[foreign.role % candidates.length]?.role ?? "";
  const group = foreign.group % Math.max(1, state.groups.length);
  // At 0 an autoscaler rests: a role that was not started yet is none of its business.
  const isStarted = state.groups.some((one) => one.index === group && one.startedRoles.includes(role));
  if (foreign.act === "autoscale" && !isStarted) return undefined;
  const get = (kind: string, name: string): KubeObject | undefined =>
    cluster.store.get(resourceOf(kind), namespace, name);
  const what = "what" in foreign ? foreign.what : "workload";
  const found = {
    owner: () => get("RoleBasedGroup", groupName(state.name, group)),
    config: () => get("ConfigMap", configMapName(state.name, group)),
    env: () => get("ConfigMap", envMapName(state.name, group)),
    service: () => get("Service", serviceName(state.name, group, role)),
    workload: () =>
      KINDS.flatMap((kind) => cluster.store.list(kind, { namespace })).find(
        ({ metadata }) =>
          metadata.labels?.[LABEL.set] === state.name &&
          metadata.labels[LABEL.groupIndex] === String(group) &&
          metadata.labels[LABEL.role] === role,
      ),
  }[what]();
  return found?.metadata.labels?.[LABEL.set] === undefined || found.metadata.deletionTimestamp !== undefined
    ? undefined
    : found;
}
