import type { Container, Pod } from "./objects.ts";

/** Amounts by resource name: cpu in millicores, everything else in its own unit (bytes, pieces). */
export type Amounts = ReadonlyMap<string, number>;

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const cache = new Map<string, number>();

/** The number that a Kubernetes quantity stands for; 0 when it is not one (the store validates what it takes). */
function parseQuantity(quantity: string | number | undefined): number {
  if (typeof quantity === "number") return quantity;
  if (quantity === undefined) return 0;
  const known = cache.get(quantity);
  if (known !== undefined) return known;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]*)$/u.exec(quantity);
  const factor = SUFFIXES[match?.[2] ?? ""];
  const value = match === null || factor === undefined ? 0 : Number(match[1]) * factor;
  if (cache.size < 10_000) cache.set(quantity, value);
  return value;
}

function amount(name: string, quantity: string | number): number {
  const value = parseQuantity(quantity);
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
