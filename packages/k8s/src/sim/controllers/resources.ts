import { quantityValue } from "../store-quantity.ts";
import type { Container, Pod } from "./objects.ts";

/** Amounts by resource name: cpu in millicores, everything else in its own unit (bytes, pieces). */
export type Amounts = ReadonlyMap<string, number>;

function amount(name: string, quantity: string | number): number {
  const value = quantityValue(quantity);
  return name === "cpu" ? Math.ceil(Number((value * 1000).toFixed(6))) : value;
}

export function toAmounts(quantities: Readonly<Record<string, string | number>> | undefined): Map<string, number> {
  return new Map(Object.entries(quantities ?? {}).map(([name, quantity]) => [name, amount(name, quantity)]));
}

/** A limit without a request is the request, as the API server's defaulting says. */
function containerRequests(container: Container): Map<string, number> {
  return toAmounts({ ...container.resources?.limits, ...container.resources?.requests });
}

function addTo(total: Map<string, number>, more: Amounts): void {
  for (const [name, value] of more) total.set(name, (total.get(name) ?? 0) + value);
}

function raiseTo(total: Map<string, number>, other: Amounts): void {
  for (const [name, value] of other) total.set(name, Math.max(total.get(name) ?? 0, value));
}

/**
 * What a pod takes from its node: the sum of its containers and sidecars, or what an init container needs together with
 * the sidecars started before it, whichever is more; plus overhead, plus one pod.
 */
export function podRequests(pod: Pod): Amounts {
  const total = new Map<string, number>();
  for (const container of pod.spec.containers) addTo(total, containerRequests(container));
  const sidecars = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of pod.spec.initContainers ?? []) {
    const requests = containerRequests(container);
    if (container.restartPolicy === "Always") {
      addTo(sidecars, requests);
      addTo(total, requests);
      raiseTo(peak, sidecars);
    } else {
      const together = new Map(sidecars);
      addTo(together, requests);
      raiseTo(peak, together);
    }
  }
  raiseTo(total, peak);
  addTo(total, toAmounts(pod.spec.overhead));
  total.set("pods", 1);
  return total;
}
