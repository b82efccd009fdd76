import type { GroupState, LeavingCopy } from "../model/index.ts";

/** What becomes of the copies of a group that are on other clusters: a sentence each. */
export function copyMessages({ leaving }: GroupState, isLive: (cluster: string) => boolean): readonly string[] {
  return leaving.flatMap((copy) => copyMessage(copy, isLive) ?? []);
}

function copyMessage({ copy, stage }: LeavingCopy, isLive: (cluster: string) => boolean): string | null {
  if (copy.placement === null) return null;
  const { cluster } = copy.placement;
  const what = `incarnation ${copy.incarnation} on ${cluster}`;
  if (stage === "move") return `${what.replace("i", "I")} serves until it is ready.`;
  if (stage === "failover")
    return `${cluster} does not answer; ${what} may still run, and stays if ${cluster} answers before this one is ready.`;
  return isLive(cluster)
    ? `What is left of ${what} is being removed.`
    : `${cluster} does not answer; ${what} may still run, and is removed when ${cluster} answers.`;
}
