import type { ObservedCluster } from "./observed.ts";

/** Why nothing is decided about what is on a cluster that is not live: half a sentence. */
export function outOfReach(name: string, cluster: Pick<ObservedCluster, "health"> | undefined): string {
  return cluster?.health === "foreign" ? `${name} belongs to another control plane` : `${name} does not answer`;
}
