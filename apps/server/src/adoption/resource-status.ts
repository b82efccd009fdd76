import { API_VERSION, homeOf, type KubeObject, type SetState, type SetStatus } from "@openpatio/core/model";
import type { Action, ObjectRef } from "@openpatio/core/plan";
import { resourceStatus, statusText } from "@openpatio/core/resource";
import type { Fleet } from "../clusters/fleet.ts";

/** The life of a resource that a write is meant for. */
export function refOf(cluster: string, { kind, metadata }: KubeObject): ObjectRef {
  const { namespace = "", name, uid = "" } = metadata;
  return { cluster, apiVersion: API_VERSION, kind, namespace, name, uid };
}

/** Shows on the resource of a set what became of it; null when it has none, or shows that already. */
export function resourceStatusAction(
  state: SetState,
  status: SetStatus,
  fleet: Fleet,
): Extract<Action, { kind: "status" }> | null {
  const home = homeOf(state);
  const member = home === null ? null : fleet.get(home);
  // What is another control plane's is told there by that one.
  const object = member?.health === "foreign" ? null : (member?.port.sets.get(state.namespace, state.name) ?? null);
  if (home === null || object === null || object.metadata.uid !== state.resource?.uid) return null;
  const wanted = resourceStatus(state, status);
  if (statusText(object["status"]) === statusText(wanted)) return null;
  return { kind: "status", group: null, ref: refOf(home, object), status: wanted };
}
