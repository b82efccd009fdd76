/** ResourceQuota, as far as pods go: how many there are, and what they request. Limits and other objects are not counted. */
import type { KubeObject } from "@openpatio/core/model";
import { parseResource, podRequests } from "@openpatio/core/placement";
import type { SimApi } from "./api.ts";
import { forbidden } from "./status.ts";
import { childOf, isObject, type MutableObject, objectsOf, textOf } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";

type Reader = Pick<SimApi, "list">;
type Limit = { readonly key: string; readonly resource: string; readonly hard: number };

/** Errors: 403 when a quota of its namespace has no room for the pod, in the words of the API server. */
export function admitByQuota(definition: ResourceDefinition, pod: MutableObject, store: Reader): void {
  const metadata = childOf(pod, "metadata");
  const namespace = textOf(metadata["namespace"]);
  const name = textOf(metadata["name"]);
  const spec = childOf(pod, "spec");
  const quotas = store.list("resourcequotas", { namespace });
  if (quotas.length === 0) return;
  const wanted = podRequests(spec);
  const counted = store.list("pods", { namespace }).filter(isCounted).map(specOf).map(podRequests);
  for (const quota of quotas) {
    const limits = limitsOf(quota);
    const unsaid = limits.filter(({ resource }) => isToBeSaid(resource) && !isSaid(spec, resource));
    if (unsaid.length > 0)
      throw forbidden(
        definition,
        name,
        `failed quota: ${quota.metadata.name}: must specify ${unsaid.map(({ key, resource }) => `${key} for: ${silent(spec, resource).join(",")}`).join("; ")}`,
      );
    const used = ({ resource }: Limit) => counted.reduce((sum, amounts) => sum + (amounts[resource] ?? 0), 0);
    const over = limits.filter(
      (limit) => (wanted[limit.resource] ?? 0) > 0 && used(limit) + (wanted[limit.resource] ?? 0) > limit.hard,
    );
    if (over.length === 0) continue;
    const list = (amount: (limit: Limit) => number): string =>
      over.map((limit) => `${limit.key}=${amountText(limit.resource, amount(limit))}`).join(",");
    throw forbidden(
      definition,
      name,
      `exceeded quota: ${quota.metadata.name}, requested: ${list(({ resource }) => wanted[resource] ?? 0)}, used: ${list(used)}, limited: ${list(({ hard }) => hard)}`,
    );
  }
}

/** What is over counts no more. */
function isCounted(pod: KubeObject): boolean {
  const status = pod["status"];
  return !isObject(status) || (status["phase"] !== "Succeeded" && status["phase"] !== "Failed");
}

const specOf = (pod: KubeObject): unknown => pod["spec"];

function limitsOf(quota: KubeObject): readonly Limit[] {
  const spec = quota["spec"];
  const hard = isObject(spec) && isObject(spec["hard"]) ? spec["hard"] : {};
  return Object.entries(hard)
    .flatMap(([key, quantity]) => {
      const resource = resourceOf(key);
      const amount = resource === null ? null : parseResource(resource, quantity);
      return resource === null || amount === null ? [] : [{ key, resource, hard: amount }];
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function resourceOf(key: string): string | null {
  if (key === "pods" || key === "count/pods") return "pods";
  if (key === "cpu" || key === "memory") return key;
  return key.startsWith("requests.") && key !== "requests.storage" ? key.slice("requests.".length) : null;
}

/** Where a quota counts cpu or memory, every container has to say how much of it it requests. */
const isToBeSaid = (resource: string): boolean => resource === "cpu" || resource === "memory";

const isSaid = (spec: MutableObject, resource: string): boolean => silent(spec, resource).length === 0;

function silent(spec: MutableObject, resource: string): readonly string[] {
  return objectsOf(spec["containers"])
    .filter((container) => {
      const { requests } = isObject(container["resources"]) ? container["resources"] : {};
      return !isObject(requests) || requests[resource] === undefined;
    })
    .map((container) => textOf(container["name"]));
}

function amountText(resource: string, amount: number): string {
  if (resource === "cpu") return amount % 1000 === 0 ? String(amount / 1000) : `${amount}m`;
  if (resource !== "memory" || amount === 0) return String(amount);
  const step = (["Gi", "Mi", "Ki"] as const).findIndex((_, i) => amount % 1024 ** (3 - i) === 0);
  return step < 0 ? String(amount) : `${amount / 1024 ** (3 - step)}${["Gi", "Mi", "Ki"][step] ?? ""}`;
}
