import { type GroupState, type LeavingCopy, outOfReach } from "../model/index.ts";
import type { PlanContext } from "./context.ts";

type Clusters = PlanContext["input"]["clusters"];

/** What becomes of the copies of a group that are on other clusters: a sentence each. */
export function copyMessages({ leaving }: GroupState, clusters: Clusters): readonly string[] {
  return leaving.flatMap((copy) => copyMessage(copy, clusters) ?? []);
}

function copyMessage({ copy, stage }: LeavingCopy, clusters: Clusters): string | null {
  if (copy.placement === null) return null;
  const { cluster } = copy.placement;
  const there = clusters.get(cluster);
  const silence = outOfReach(cluster, there);
  const what = `incarnation ${copy.incarnation} on ${cluster}`;
  if (stage === "move") return `${what.replace("i", "I")} serves until it is ready.`;
  const end = there?.health === "foreign" ? `${cluster} is this control plane's again` : `${cluster} answers`;
  if (stage === "failover") return `${silence}; ${what} may still run, and stays if ${end} before this one is ready.`;
  return there?.health === "live"
    ? `What is left of ${what} is being removed.`
    : `${silence}; ${what} may still run, and is removed when ${end}.`;
}
