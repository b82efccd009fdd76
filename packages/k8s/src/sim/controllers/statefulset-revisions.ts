import { canonicalJson, compareText, type KubeObject } from "@openpatio/core/model";
import type { ControllerContext } from "./context.ts";
import {
  type ControllerRevision,
  controllerReference,
  isTerminating,
  type Pod,
  type PodTemplate,
  type StatefulSet,
  typed,
  uidOf,
} from "./objects.ts";
import { safeSuffix } from "./timing.ts";

const RESOURCE = "controllerrevisions.apps";
export const REVISION_LABEL = "controller-revision-hash";

export type Revisions = {
  readonly all: readonly ControllerRevision[];
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly collisionCount: number;
};

function dataOf(template: PodTemplate): unknown {
  return { spec: { template: { ...template, $patch: "replace" } } };
}

/** Every reconcile asks for the text of the same few objects, and what is stored never changes. */
const texts = new WeakMap<object, string>();

function textOf(stored: object, content: () => unknown): string {
  const known = texts.get(stored);
  if (known !== undefined) return known;
  const text = canonicalJson(content());
  texts.set(stored, text);
  return text;
}

/** The pod template that a revision stands for. */
export function templateOf(revision: ControllerRevision): PodTemplate {
  // Revisions of a StatefulSet hold what dataOf made.
  const { $patch: _, ...template } = (revision.data as { spec: { template: PodTemplate & { $patch?: string } } }).spec
    .template;
  return template;
}

/** Finds or makes the revision of the present template; rolling back raises the number of the old one. */
export function syncRevisions({ api }: ControllerContext, set: StatefulSet): Revisions {
  const { namespace, name } = set.metadata;
  const all = api
    .list(RESOURCE, { ownerUid: uidOf(set), ...(namespace === undefined ? {} : { namespace }) })
    .map((object) => typed<ControllerRevision>(object))
    .toSorted((a, b) => a.revision - b.revision || compareText(a.metadata.name, b.metadata.name));
  const collisionCount = set.status?.collisionCount ?? 0;
  const { template } = set.spec;
  const text = textOf(template, () => dataOf(template));
  const latest = all.at(-1);
  const nextNumber = (latest?.revision ?? 0) + 1;
  const equal = all.findLast((revision) => textOf(revision, () => revision.data) === text);
  let update: ControllerRevision;
  if (equal === undefined) {
    const hash = safeSuffix(`${text}/${collisionCount}`);
    const made: KubeObject = {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        name: `${name}-${hash}`,
        namespace: namespace ?? "default",
        labels: { ...template.metadata?.labels, "controller.kubernetes.io/hash": hash },
        ...(set.metadata.annotations === undefined ? {} : { annotations: set.metadata.annotations }),
        ownerReferences: [controllerReference(set)],
      },
      data: dataOf(template),
      revision: nextNumber,
    };
    // Of one that goes, the garbage collector has taken them: made again they would only be taken again.
    update = typed<ControllerRevision>(isTerminating(set) ? made : api.create(RESOURCE, made));
  } else if (equal === latest) {
    update = equal;
  } else {
    update = typed<ControllerRevision>(api.patch(RESOURCE, namespace, equal.metadata.name, { revision: nextNumber }));
  }
  const current = all.find((revision) => revision.metadata.name === set.status?.currentRevision) ?? update;
  return { all, current, update, collisionCount };
}

/** Deletes the oldest revisions that nothing uses, beyond the limit of the set. */
export function truncateRevisions(
  { api }: ControllerContext,
  set: StatefulSet,
  pods: readonly Pod[],
  { all, current, update }: Revisions,
): void {
  const live = new Set([current.metadata.name, update.metadata.name]);
  for (const pod of pods) live.add(pod.metadata.labels?.[REVISION_LABEL] ?? "");
  const old = all.filter(({ metadata }) => !live.has(metadata.name));
  const surplus = old.length - (set.spec.revisionHistoryLimit ?? 10);
  for (const { metadata } of old.slice(0, Math.max(0, surplus))) {
    api.delete(RESOURCE, metadata.namespace, metadata.name);
  }
}
