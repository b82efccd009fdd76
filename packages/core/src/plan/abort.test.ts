import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { pauseRollout, resumeRollout } from "./rollout-controls.ts";
import { abortRollout } from "./spec-change.ts";

const roles = (image: string) => [
  aRole({ role: "prefill", image }),
  aRole({ role: "decode", image, dependencies: ["prefill"] }),
];

type Draft = Parameters<typeof aSet>[0];
const specOf = (image: string, draft: Draft) => aSet({ replicas: 3, roles: roles(image), ...draft });

const SURGE = { rollout: { maxSurge: 1, maxUnavailable: 0 } };
const BY_ROLE = { rollout: { strategy: "RoleRolling" } };
const group = ({ state }: Operated, index: number) => state.groups.find((one) => one.index === index);

/** A moment of a rollout from revision 1 to 2, and the incarnations that an abort there ends with. */
const MOMENTS: readonly {
  readonly name: string;
  readonly draft: Draft;
  readonly isIt: (set: Operated) => boolean;
  readonly ends: readonly number[];
}[] = [
  { name: "before anything was done", draft: {}, isIt: () => true, ends: [1, 1, 1] },
  {
    name: "while a group leaves the old revision",
    draft: {},
    isIt: (set) => group(set, 2)?.stage === "teardown",
    ends: [1, 1, 2],
  },
  {
    name: "while a group starts at the new one",
    draft: {},
    isIt: (set) => group(set, 2)?.startedRoles.join() === "prefill" && group(set, 2)?.revision === 2,
    ends: [1, 1, 3],
  },
  {
    name: "when a group is ready at the new one and the next one leaves",
    draft: {},
    isIt: (set) => group(set, 1)?.stage === "teardown",
    ends: [1, 2, 3],
  },
  {
    name: "while an extra group starts",
    draft: SURGE,
    isIt: (set) => group(set, 3)?.stage === "running" && group(set, 3)?.firstReadyAtMs === null,
    ends: [1, 1, 1],
  },
  {
    name: "when the extra group is ready and a group leaves",
    draft: SURGE,
    isIt: (set) => group(set, 3)?.firstReadyAtMs != null && group(set, 2)?.stage === "teardown",
    ends: [1, 1, 2],
  },
  {
    name: "while a role is under way",
    draft: BY_ROLE,
    isIt: (set) => group(set, 2)?.roleUpdate?.underWay?.role === "prefill",
    ends: [1, 1, 1],
  },
  {
    name: "between two roles of a group",
    draft: BY_ROLE,
    isIt: (set) => group(set, 2)?.roleUpdate?.underWay?.role === "decode",
    ends: [1, 1, 1],
  },
];

const CASES = MOMENTS.flatMap((moment) => [false, true].map((isPaused) => ({ ...moment, isPaused })));

test.each(CASES)(
  "an abort $name (paused: $isPaused) ends with every group as it was, and no pod of the new revision",
  ({ draft, isIt, ends, isPaused }) => {
    const set = new Operated(new World(["n1", "n2", "n3", "n4"].map((name) => aNode(name))), specOf("engine:1", draft));
    set.untilReady();
    set.timeline.length = 0;
    set.edit(specOf("engine:2", draft).spec);
    if (!isIt(set)) set.until(isIt, 200);
    if (isPaused) set.take(pauseRollout(set.state));
    set.take(abortRollout(set.state, set.world.nowMs));
    const old = set.state.revisions.find(({ number }) => number === 1)?.hash;
    set.until((operated) => {
      const byGroup = new Map<number, Set<string>>();
      for (const { groupIndex, incarnation } of operated.world.pods.values())
        byGroup.set(groupIndex ?? 0, (byGroup.get(groupIndex ?? 0) ?? new Set()).add(String(incarnation)));
      for (const incarnations of byGroup.values()) expect(incarnations.size).toBe(1);
      if (isPaused && operated.plan().status.phase === "Paused") set.take(resumeRollout(set.state, set.world.nowMs));
      return operated.plan().status.phase === "Ready";
    }, 300);
    set.run(10);
    expect(set.plan().actions).toEqual([]);
    expect(set.incarnations).toEqual(ends);
    expect(new Set(set.revisions)).toEqual(new Set([1]));
    expect([...set.world.pods.values()].map(({ revisionHash }) => revisionHash)).toEqual(Array(6).fill(old));
    expect(set.told("group.failed")).toEqual([]);
    expect(set.told("rollout.aborted")).toHaveLength(1);
  },
);
