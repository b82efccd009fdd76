import { API_GROUP, type Fields, type KubeObject, LABEL, MANAGER } from "@openpatio/core/model";
import { ORDERED_TEARDOWN } from "@openpatio/core/resource";

/**
 * The JSON merge patch that makes an object nobody's: our labels, annotations and owner go, all else stays as it is, what a
 * pod template or a selector says included. It carries UID and resourceVersion of `live`. Null when nothing is ours.
 *
 * A RoleBasedGroup is nobody else's and ends: of it only our finalizer goes, for it is known by its labels until then.
 */
export function planRelease(live: KubeObject): Fields | null {
  if (live.kind === "RoleBasedGroup") return withoutFinalizer(live);
  const { labels = {}, annotations = {}, ownerReferences = [], uid, resourceVersion } = live.metadata;
  const isOurLabel = (key: string): boolean =>
    key.startsWith(`${API_GROUP}/`) || (key === LABEL.managedBy && labels[key] === MANAGER);
  const ourLabels = Object.keys(labels).filter(isOurLabel);
  const ourNotes = Object.keys(annotations).filter((key) => key.startsWith(`${API_GROUP}/`));
  const others = ownerReferences.filter((owner) => !owner.apiVersion.startsWith(`${API_GROUP}/`));
  const isOwned = others.length < ownerReferences.length;
  if (ourLabels.length === 0 && ourNotes.length === 0 && !isOwned) return null;
  return {
    metadata: {
      uid,
      resourceVersion,
      ...(ourLabels.length === 0 ? {} : { labels: without(ourLabels) }),
      ...(ourNotes.length === 0 ? {} : { annotations: without(ourNotes) }),
      ...(isOwned ? { ownerReferences: others.length === 0 ? null : others } : {}),
    },
  };
}

function withoutFinalizer({ metadata: { finalizers = [], uid, resourceVersion } }: KubeObject): Fields | null {
  const others = finalizers.filter((finalizer) => finalizer !== ORDERED_TEARDOWN);
  return others.length === finalizers.length ? null : { metadata: { uid, resourceVersion, finalizers: others } };
}

/** In a merge patch null takes a key away. */
const without = (keys: readonly string[]): Fields => Object.fromEntries(keys.map((key) => [key, null]));
