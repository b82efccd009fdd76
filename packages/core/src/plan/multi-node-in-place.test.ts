import { describe, expect, test } from "vitest";
import type { WorkloadKind } from "../model/index.ts";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";

type Form = { readonly kind?: WorkloadKind; readonly workerTemplate?: unknown };

/** router ← prefill, which has two instances of a leader and a worker ← decode. */
function specOf({ kind = "StatefulSet", ...own }: Form, image = "engine:1") {
  return {
    replicas: 1,
    roles: [
      aRole({ role: "router" }),
      aRole({
        role: "prefill",
        replicas: 2,
        kind,
        image,
        leaderWorker: { size: 2, ...own },
        dependencies: ["router"],
      }),
      aRole({ role: "decode", dependencies: ["prefill"] }),
    ],
  };
}

function ready(form: Form, draft: Parameters<typeof aSet>[0]): Operated {
  const world = new World([1, 2, 3, 4].map((n) => aNode(`node-${n}`)));
  world.hasLeaderWorkerSets = form.kind === "LeaderWorkerSet";
  const set = new Operated(world, aSet({ ...specOf(form), ...draft }));
  set.untilReady();
  set.timeline.length = 0;
  return set;
}

const uidsOf = ({ world }: Operated, role: string): readonly string[] =>
  [...world.pods.values()].filter((pod) => pod.role === role).map(({ uid }) => uid);

/** Runs until all is ready, and sees that the role has never pods of two lives at once. */
function watchedUntilReady(set: Operated): void {
  set.until((operated) => {
    const pods = [...operated.world.pods.values()].filter(({ role }) => role === "prefill");
    expect(new Set(pods.map(({ roleRestart, revisionHash }) => `${roleRestart} ${revisionHash}`)).size).toBeLessThan(2);
    return operated.plan().status.phase === "Ready";
  }, 200);
}

describe.each<[string, Form]>([
  ["one StatefulSet per instance", {}],
  ["two StatefulSets per instance", { workerTemplate: { spec: { containers: [{ name: "w", image: "worker:1" }] } } }],
  ["a LeaderWorkerSet", { kind: "LeaderWorkerSet" }],
])("a multi-node role as %s", (_, form) => {
  test("is recreated alone, in its turn, when RoleRolling takes it to another revision", () => {
    const draft = { rollout: { strategy: "RoleRolling" } };
    const set = ready(form, draft);
    const [router, prefill, decode] = ["router", "prefill", "decode"].map((role) => uidsOf(set, role));
    set.edit(aSet({ ...specOf(form, "engine:2"), ...draft }).spec);
    watchedUntilReady(set);
    expect([set.incarnations, set.revisions]).toEqual([[1], [2]]);
    expect(set.state.groups[0]?.roleRestarts).toMatchObject([{ role: "prefill", restart: 1 }]);
    expect([uidsOf(set, "router"), uidsOf(set, "decode")]).toEqual([router, decode]);
    expect(uidsOf(set, "prefill")).toHaveLength(4);
    expect(uidsOf(set, "prefill").filter((uid) => prefill?.includes(uid))).toEqual([]);
    expect(set.told("group.updating").flatMap(({ actions }) => actions)).toContain(
      "recreate its workload: an instance of several pods can not be changed in place",
    );
    expect(set.told("group.failed")).toEqual([]);
    set.run(3);
    expect(set.plan().actions).toEqual([]);
  });

  test("is recreated with all its instances, and what depends on it, when a worker fails under RecreateRole", () => {
    const set = ready(form, { recovery: { policy: "RecreateRole" } });
    const router = uidsOf(set, "router");
    const before = [...uidsOf(set, "prefill"), ...uidsOf(set, "decode")];
    const worker = [...set.world.pods.values()].find((pod) => pod.role === "prefill" && pod.worker === 1);
    set.world.crash(worker?.name ?? "");
    watchedUntilReady(set);
    expect(set.incarnations).toEqual([1]);
    expect(set.state.groups[0]?.roleRestarts.map(({ role, restart }) => [role, restart]).sort()).toEqual([
      ["decode", 1],
      ["prefill", 1],
    ]);
    expect(uidsOf(set, "router")).toEqual(router);
    const after = [...uidsOf(set, "prefill"), ...uidsOf(set, "decode")];
    expect([after.length, after.filter((uid) => before.includes(uid))]).toEqual([5, []]);
    expect(set.told("group.failed")).toHaveLength(1);
  });

  test.each([0, 1, 2, 3, 4, 5, 6])("comes to the same end when the process dies with plan %i stored", (at) => {
    const draft = { rollout: { strategy: "RoleRolling" } };
    const set = ready(form, draft);
    set.edit(aSet({ ...specOf(form, "engine:2"), ...draft }).spec);
    for (let step = 0; step < 7; step++) {
      if (step === at) set.reconcile(true);
      set.run(1);
    }
    watchedUntilReady(set);
    expect(set.state.groups[0]).toMatchObject({ incarnation: 1, revision: 2, roleUpdate: null });
    expect(set.state.groups[0]?.roleRestarts).toMatchObject([{ role: "prefill", restart: 1 }]);
  });
});
