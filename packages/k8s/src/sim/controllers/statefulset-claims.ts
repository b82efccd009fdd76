import type { OwnerReference } from "@openpatio/core/model";
import type { ControllerContext } from "./context.ts";
import { controllerReference, type Pod, type PodSpec, type StatefulSet, uidOf } from "./objects.ts";

const RESOURCE = "persistentvolumeclaims";

function claimName(template: string, set: StatefulSet, ordinal: number): string {
  return `${template}-${set.metadata.name}-${ordinal}`;
}

function ordinalIn(podName: string): number {
  return Number(podName.slice(podName.lastIndexOf("-") + 1));
}

/** The pod spec with a volume for each claim template, in place of volumes of the same name. */
export function withClaimVolumes(set: StatefulSet, spec: PodSpec, ordinal: number): PodSpec {
  const templates = set.spec.volumeClaimTemplates ?? [];
  if (templates.length === 0) return spec;
  const own = templates.map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: claimName(name, set, ordinal) },
  }));
  const others = (spec.volumes ?? []).filter((volume) => !own.some(({ name }) => name === volume.name));
  return { ...spec, volumes: [...own, ...others] };
}

/** Creates the claims of this ordinal that do not exist. */
export function ensureClaims({ api, events }: ControllerContext, set: StatefulSet, ordinal: number): void {
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const name = claimName(template.metadata.name, set, ordinal);
    const { namespace } = set.metadata;
    if (api.get(RESOURCE, namespace, name) !== undefined) continue;
    const labels = { ...template.metadata.labels, ...set.spec.selector.matchLabels };
    const { annotations } = template.metadata;
    api.create(RESOURCE, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name,
        namespace: namespace ?? "default",
        labels,
        ...(annotations === undefined ? {} : { annotations }),
      },
      spec: template.spec ?? {},
    });
    events.record({
      about: set,
      type: "Normal",
      reason: "SuccessfulCreate",
      message: `Create Claim ${name} Pod ${set.metadata.name}-${ordinal} in StatefulSet ${set.metadata.name} success`,
      component: "statefulset-controller",
    });
  }
}

/** Gives the claims of these pods the owners that the retention policy wants: the set, the pod that scales away, or none. */
export function syncClaimOwners(
  { api }: ControllerContext,
  set: StatefulSet,
  pods: readonly Pod[],
  isScaledAway: (pod: Pod) => boolean,
): void {
  const templates = set.spec.volumeClaimTemplates ?? [];
  if (templates.length === 0) return;
  const { whenDeleted = "Retain", whenScaled = "Retain" } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  for (const pod of pods) {
    const goesWithPod = isScaledAway(pod) && whenScaled === "Delete";
    const owner = goesWithPod ? pod : whenDeleted === "Delete" ? set : undefined;
    for (const template of templates) {
      const { namespace } = set.metadata;
      const claim = api.get(RESOURCE, namespace, claimName(template.metadata.name, set, ordinalIn(pod.metadata.name)));
      if (claim === undefined) continue;
      const present = claim.metadata.ownerReferences ?? [];
      if (present.some((reference) => isStale(reference, set, pod))) continue;
      const foreign = present.filter(({ uid }) => uid !== uidOf(set) && uid !== uidOf(pod));
      const isForeignControlled = foreign.some(({ controller }) => controller === true);
      const ours = owner === undefined || isForeignControlled ? [] : [controllerReference(owner)];
      const wanted = [...foreign, ...ours];
      const isSame =
        wanted.length === present.length &&
        wanted.every(({ uid }) => present.some((reference) => reference.uid === uid));
      if (!isSame) {
        api.patch(RESOURCE, namespace, claim.metadata.name, { metadata: { ownerReferences: wanted } });
      }
    }
  }
}

/** A reference to an earlier life of the set or pod: the collector's business, not ours. */
function isStale(reference: OwnerReference, set: StatefulSet, pod: Pod): boolean {
  const names = (owner: StatefulSet | Pod): boolean =>
    reference.kind === owner.kind && reference.name === owner.metadata.name && reference.uid !== uidOf(owner);
  return names(set) || names(pod);
}
