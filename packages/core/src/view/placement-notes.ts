import type { Domain, GroupPlacement, GroupState, ObservedCluster, ObservedPod } from "../model/index.ts";
import { mayStillCome, type Reservation, wantedClusters } from "../placement/index.ts";
import { reservationsOf } from "../placement/reservations.ts";
import { domainNoun } from "../placement/words.ts";
import { plural } from "../plan/words.ts";
import type { SetModel } from "./set-model.ts";

/** What of a group's placement is in effect, and what not yet or not any more: one sentence each. */
export function placementNotes(model: SetModel, group: GroupState): readonly string[] {
  const { placement } = group;
  if (placement === null) return [];
  const cluster = model.clusters.get(placement.cluster);
  return [
    ...(cluster === undefined ? [] : exclusiveNotes(model, group, placement, cluster)),
    ...openNotes(model, group, placement),
    ...(isEdited(model.state.spec.placement, placement, model.clusters)
      ? ["The placement of the set was edited since: it applies from the next incarnation, or move the group now."]
      : []),
  ];
}

function exclusiveNotes(
  model: SetModel,
  group: GroupState,
  { exclusive, domain }: GroupPlacement,
  cluster: ObservedCluster,
): readonly string[] {
  if (exclusive === undefined || domain === null) return [];
  const words = { Group: "no other group of this set", Set: "no group of another exclusive set", All: "nothing else" };
  const rule = `${domain.value} is to hold ${words[exclusive]} (exclusive: ${exclusive})`;
  if (exclusive !== "All") return [`${rule}.`];
  const strangers = cluster.nodes
    .filter((node) => node.labels[domain.key] === domain.value)
    .flatMap((node) => cluster.podsOnNode(node.name))
    .filter((pod) => !pod.isDaemonSetPod && !isOf(pod, model, group));
  const [first] = strangers;
  const broken =
    first === undefined
      ? `${rule}, and does.`
      : `${rule}, and holds ${plural(strangers.length, "pod")} of others, ${first.namespace}/${first.name} first. Its next incarnation goes elsewhere if they are still there.`;
  const coming = mayStillCome(promises(model, group, isOpen), cluster.name, domain).map(
    (other) =>
      `${other.namespace}/${other.set}-${other.group} was placed before it and is not kept off ${domain.value}: pods of it that are made anew may come there until its next incarnation.`,
  );
  return [broken, ...coming];
}

/** The other side of it: pods of a group that no domain is required of may come where somebody is to be alone by now. */
function openNotes(model: SetModel, group: GroupState, placement: GroupPlacement): readonly string[] {
  if (!isOpen(placement)) return [];
  return promises(model, group, isAlone)
    .filter((other) => other.cluster === placement.cluster && other.exclusive === "All" && other.domain !== null)
    .filter(({ domain }) => !placement.avoid.some((avoided) => isSame(avoided, domain)))
    .map(
      ({ domain, namespace, set, group: index }) =>
        `Its pods are not kept off ${domainNoun(domain?.key ?? "")} ${domain?.value ?? ""}, which ${namespace}/${set}-${index} has alone by now: they are from its next incarnation on.`,
    );
}

/** No domain is required of it, so its pods may come anywhere. */
const isOpen = ({ domain, prefers }: GroupPlacement): boolean => domain === null || prefers !== undefined;

const isAlone = ({ exclusive, domain }: GroupPlacement): boolean => exclusive === "All" && domain !== null;

/**
 * What is promised to everybody else; of this set only to the groups that `isOfInterest`, because this is asked for each
 * group, and a promise lists every pod.
 */
function promises(
  model: SetModel,
  group: GroupState,
  isOfInterest: (placement: GroupPlacement) => boolean,
): readonly Reservation[] {
  const others = model.state.groups.filter(
    (other) =>
      other !== group && (other.leaving.length > 0 || (other.placement !== null && isOfInterest(other.placement))),
  );
  return [...model.reservations(), ...reservationsOf({ ...model.state, groups: others })];
}

/** Whether the set asks for something else than what the group was placed with. */
function isEdited(
  wanted: SetModel["state"]["spec"]["placement"],
  placement: GroupPlacement,
  registered: SetModel["clusters"],
): boolean {
  const { topology, clusters } = wanted;
  const { domain, prefers, exclusive } = placement;
  if (!wantedClusters(clusters, registered).includes(placement.cluster)) return true;
  if (topology === undefined) return domain !== null || prefers !== undefined;
  const key = (domain ?? prefers)?.key;
  if (topology.mode === "Preferred") return key !== undefined && (key !== topology.key || prefers === undefined);
  return key !== topology.key || prefers !== undefined || topology.exclusive !== (exclusive ?? "None");
}

const isSame = (a: Domain, b: Domain | null): boolean => a.key === b?.key && a.value === b.value;

const isOf = (pod: ObservedPod, { state }: SetModel, group: GroupState): boolean =>
  pod.namespace === state.namespace && pod.set === state.name && pod.groupIndex === group.index;
