/**
 * Volumes that a group's pods will find bound: each ties its pod to the nodes that can reach it. A claim that is not
 * bound yet, or does not exist yet, ties to nothing: its volume is made where the pod goes.
 */
import { fields, type ObservedCluster, podTemplateOf, type RevisionRole, records } from "../model/index.ts";
import { matchesNodeTerms } from "./node-fit.ts";
import type { NodeRoom } from "./packing.ts";
import type { PodDemand } from "./types.ts";
import { domainNoun } from "./words.ts";

/** Claims that a pod of this role mounts: those of its own and those that its template names. */
export function claimNames(role: RevisionRole, pod: string, worker: number | null): readonly string[] {
  const own = role.volumeClaimTemplates.map((template) => fields(fields(template)["metadata"])["name"]);
  // A volume of a claim template's name is replaced by that claim.
  const shared = records(fields(podTemplateOf(role, worker)["spec"])["volumes"])
    .filter((volume) => !own.includes(volume["name"]))
    .map((volume) => fields(volume["persistentVolumeClaim"])["claimName"]);
  return [...own.map((name) => `${String(name)}-${pod}`), ...shared.filter(isText)];
}

const isText = (value: unknown): value is string => typeof value === "string";

/** The demands with the volumes that their claims are bound to in this cluster, where those are not everywhere. */
export function withVolumes(
  demands: readonly PodDemand[],
  cluster: ObservedCluster,
  namespace: string,
): readonly PodDemand[] {
  return demands.map((demand) => {
    const volumes = (demand.claims ?? []).flatMap((claim) => {
      const volume = cluster.boundVolume(namespace, claim);
      return volume === null || volume.nodeTerms === null ? [] : [volume];
    });
    return volumes.length === 0 ? demand : { ...demand, volumes };
  });
}

/** One sentence when volumes alone keep the group out of every domain; null when they do not. */
export function volumesApart(
  domains: readonly { readonly rooms: readonly NodeRoom[]; readonly demands: readonly PodDemand[] }[],
  topologyKey: string | undefined,
): string | null {
  const outside = domains.map(({ rooms, demands }) => {
    for (const demand of demands) {
      const volume = demand.volumes?.find((one) =>
        rooms.every(({ node }) => !matchesNodeTerms(node, one.nodeTerms ?? [])),
      );
      if (volume !== undefined) return { demand, volume };
    }
    return null;
  });
  const [first] = outside;
  if (first === undefined || first === null || outside.includes(null)) return null;
  const { demand, volume } = first;
  const noun = topologyKey === undefined ? "cluster" : domainNoun(topologyKey);
  return `No ${noun} reaches all volumes of the group: ${demand.role}-${demand.ordinal} needs claim ${volume.claim}, whose volume ${volume.volume} is bound to other nodes. Delete the claim if its data may go.`;
}

/** What to add to the reason for a place: the volumes that are there. Empty where none bind the group. */
export function volumesHere(demands: readonly PodDemand[]): string {
  const claims = [...new Set(demands.flatMap((demand) => (demand.volumes ?? []).map((volume) => volume.claim)))];
  if (claims.length === 0) return "";
  const [one] = claims;
  return claims.length === 1
    ? ` Its volume is there (claim ${one}).`
    : ` Its ${claims.length} volumes are there (claim ${one} and others).`;
}
