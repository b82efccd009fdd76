import { canonicalJson, type KubeObject } from "@openpatio/core/model";
import type { SimApi } from "../api.ts";
import type { ControllerContext } from "./context.ts";
import {
  controllerOf,
  controllerReference,
  isTerminating,
  type LabelSelector,
  type Pod,
  type PodTemplate,
  typed,
  uidOf,
} from "./objects.ts";
import { matchesSelector } from "./selector.ts";

/** A pod as its controller's template says. */
export function podFromTemplate(template: PodTemplate, owner: KubeObject, name: string): Pod {
  const { labels, annotations } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: owner.metadata.namespace ?? "default",
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: template.spec,
  };
}

export function podsOwnedBy({ api }: ControllerContext, owner: KubeObject): readonly Pod[] {
  return api
    .list("pods", { ownerUid: uidOf(owner) })
    .map((pod) => typed<Pod>(pod))
    .filter((pod) => controllerOf(pod)?.uid === uidOf(owner));
}

/**
 * The pods that the controller owns, after it has adopted matching pods without a controller and released those of its
 * own that no longer match.
 *
 * `mayAdopt` narrows adoption further, as StatefulSets do by pod name.
 */
export function claimPods(
  context: ControllerContext,
  owner: KubeObject & { readonly spec: { readonly selector: LabelSelector } },
  mayAdopt: (pod: Pod) => boolean = () => true,
): readonly Pod[] {
  const { api, podsWithoutController } = context;
  const isMatch = (pod: Pod): boolean => matchesSelector(owner.spec.selector, pod.metadata.labels) && mayAdopt(pod);
  const write = (pod: Pod, ownerReferences: Pod["metadata"]["ownerReferences"]): Pod =>
    typed<Pod>(
      api.patch("pods", pod.metadata.namespace, pod.metadata.name, { metadata: { uid: uidOf(pod), ownerReferences } }),
    );
  const kept: Pod[] = [];
  for (const pod of podsOwnedBy(context, owner)) {
    if (isMatch(pod) || isTerminating(owner)) kept.push(pod);
    else write(pod, pod.metadata.ownerReferences?.filter(({ uid }) => uid !== uidOf(owner)) ?? []);
  }
  if (isTerminating(owner)) return kept;
  for (const pod of podsWithoutController.get(owner.metadata.namespace ?? "")) {
    if (isTerminating(pod) || !isMatch(pod)) continue;
    kept.push(write(pod, [...(pod.metadata.ownerReferences ?? []), controllerReference(owner)]));
  }
  return kept;
}

/** Keys of the workloads of a kind that a pod belongs to, or belonged to before it changed. */
export function ownerKeys(kind: string, pod: KubeObject, previous: KubeObject | undefined): readonly string[] {
  return [pod, previous].flatMap((life) => {
    const owner = life === undefined ? undefined : controllerOf(life);
    return owner?.kind === kind ? [`${pod.metadata.namespace ?? ""}/${owner.name}`] : [];
  });
}

/** Writes the status of a workload that says something else by now and is still the one that was looked at. */
export function storeStatus(
  api: SimApi,
  resource: string,
  set: KubeObject & { readonly status?: unknown },
  status: Readonly<Record<string, unknown>>,
): void {
  if (canonicalJson(set.status) === canonicalJson(status)) return;
  const latest = api.get(resource, set.metadata.namespace, set.metadata.name);
  if (latest === undefined || uidOf(latest) !== uidOf(set)) return;
  const options = { subresource: "status", fieldManager: "kube-controller-manager" } as const;
  api.update(resource, { ...latest, status }, options);
}
