import { type GroupState, type LeavingCopy, outOfReach } from "../model/index.ts";
import type { PlanContext } from "./context.ts";
import { stuckMessage } from "./stuck-pods.ts";

/** What becomes of the copies of a group that are on other clusters: a sentence or two each. */
export function copyMessages({ leaving }: GroupState, context: PlanContext): readonly string[] {
  return leaving.flatMap((copy) => copyMessage(copy, context) ?? []);
}

function copyMessage({ copy, stage }: LeavingCopy, context: PlanContext): string | null {
  if (copy.placement === null) return null;
  const { cluster } = copy.placement;
  const there = context.input.clusters.get(cluster);
  const silence = outOfReach(cluster, there);
  const what = `incarnation ${copy.incarnation} on ${cluster}`;
  if (stage === "move") return `${what.replace("i", "I")} serves until it is ready.`;
  const end = there?.health === "foreign" ? `${cluster} is this control plane's again` : `${cluster} answers`;
  if (stage === "failover") return `${silence}; ${what} may still run, and stays if ${end} before this one is ready.`;
  return there?.health === "live"
    ? [`What is left of ${what} is being removed.`, stuckMessage(context, copy) ?? ""].join(" ").trimEnd()
    : `${silence}; ${what} may still run, and is removed when ${end}.`;
}
