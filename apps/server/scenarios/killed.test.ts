import { fields, type KubeObject, LABEL } from "@openpatio/core/model";
import type { SetAnswer } from "@openpatio/core/view";
import { describe, expect, test } from "vitest";
import { PAIR, type RoleSketch, type SetSketch, type SetUnderTest, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const SLOW: readonly RoleSketch[] = PAIR.map((role) => ({
  ...role,
  annotations: { "sandbox.openpatio.io/ready-delay": "800ms", "sandbox.openpatio.io/stop-delay": "800ms" },
}));
const TWO_SLOW = SLOW.map((role) => ({ ...role, replicas: 2 }));
const EXTRA = { maxSurge: 1, maxUnavailable: 0 };
const BY_ROLE = { strategy: "RoleRolling" };
const RACK = { topology: { key: "topology.kubernetes.io/rack" } };

/** Something that takes a while, the moments in it at which the server is killed, and what has come out at the end. */
type Phase = {
  readonly name: string;
  /** What runs before; absent: nothing yet. */
  readonly from?: SetSketch;
  readonly begin: (set: SetUnderTest) => Promise<unknown>;
  readonly moments: readonly { readonly what: string; readonly isIt: (set: SetAnswer) => boolean }[];
  /** A pod that somebody deletes may come back for a moment, or not. */
  readonly isByHand?: boolean;
};

const groupAt = (index: number, phase: string) => ({
  what: `group ${index} to be ${phase}`,
  isIt: ({ groups }: SetAnswer) => groups.find((group) => group.index === index)?.phase === phase,
});
const AT_ONCE = { what: "the answer", isIt: () => true };
const updating = (role: string) => ({
  what: `${role} to be updated`,
  isIt: ({ groups }: SetAnswer) => Boolean(groups[0]?.message?.startsWith(`Updates ${role}`)),
});

describeOnTargets(
  "a server that is killed",
  (bench) => {
    const deletePod = (role: string) => (set: SetUnderTest) => bench().kube.delete("pods", set.podName(0, role));
    const three = { replicas: 3, roles: SLOW, placement: RACK };
    const surging = { replicas: 2, roles: SLOW, rollout: EXTRA };
    const rolling = { replicas: 1, roles: TWO_SLOW, rollout: BY_ROLE };
    const byRole = { replicas: 1, roles: SLOW, recovery: { policy: "RecreateRole" } };
    const second = (sketch: SetSketch) => (set: SetUnderTest) =>
      set.apply({ ...sketch, roles: withImage(sketch.roles, "engine:2") });

    const PHASES: readonly Phase[] = [
      { name: "placing", begin: (set) => set.apply(three), moments: [AT_ONCE, AT_ONCE] },
      { name: "starting", begin: (set) => set.apply(three), moments: [groupAt(0, "Starting"), groupAt(0, "Starting")] },
      {
        name: "rolling",
        from: { replicas: 2, roles: SLOW },
        begin: second({ replicas: 2, roles: SLOW }),
        moments: [groupAt(1, "Updating"), groupAt(0, "Updating")],
      },
      {
        name: "surging",
        from: surging,
        begin: second(surging),
        moments: [{ what: "the extra group", isIt: ({ groups }) => groups.length === 3 }, groupAt(0, "Updating")],
      },
      {
        name: "byrole",
        from: rolling,
        begin: second(rolling),
        moments: [updating("prefill"), updating("decode")],
      },
      {
        name: "recovering",
        from: { replicas: 2, roles: SLOW },
        begin: deletePod("decode"),
        moments: [groupAt(0, "Recovering"), AT_ONCE],
        isByHand: true,
      },
      {
        name: "mending",
        from: byRole,
        begin: deletePod("prefill"),
        moments: [groupAt(0, "Recovering"), AT_ONCE],
        isByHand: true,
      },
      {
        name: "scaling",
        from: { replicas: 2, roles: SLOW },
        begin: async (set) => {
          await set.scale(2, "decode");
          await set.scale(1);
        },
        moments: [AT_ONCE],
      },
    ];

    /** The same with and without the kills. */
    async function play(phase: Phase, suffix: "calm" | "killed"): Promise<unknown> {
      const name = `${phase.name}-${suffix}`;
      const set = phase.from === undefined ? bench().watch(name) : await bench().start(name, phase.from);
      const before = new Set(uidsOf(await set.pods()));
      await phase.begin(set);
      for (const { what, isIt } of phase.moments) {
        await set.until(what, isIt);
        if (suffix === "killed") await bench().server.restart();
      }
      const { groups, status } = await set.settled();
      const shown = (await Promise.all(["statefulsets.apps", "pods"].map((kind) => set.objects(kind)))).flat();
      const told = await set.timeline("group.failed");
      const runs = set.history.readyAt(shown.at(-1)?.metadata.labels?.[LABEL.revisionHash] ?? "");
      // What a group that went had running is a matter of moments.
      const isLeft = ([life]: [string, number]): boolean =>
        groups.some(({ index }) => life.startsWith(`${name}-${index}-`));
      const ran = Object.fromEntries(
        Object.entries(runs)
          .filter(isLeft)
          .map(([life, count]) => [life.replace(name, "S"), count]),
      );
      return {
        groups: groups.map(({ index, revision, incarnation }) => [index, revision, incarnation]),
        lives: groups.map(({ index }) => set.history.incarnationsOf(index)),
        revisions: [status.currentRevision, status.updateRevision],
        failures: told.map(({ group, incarnation, decision }) => [group, incarnation, decision]),
        objects: shown.map((object) => endOf(object, before)).sort(),
        ran: phase.isByHand === true ? null : ran,
      };

      function endOf({ kind, metadata, spec }: KubeObject & { readonly spec?: unknown }, known: Set<string>): string {
        const { [LABEL.incarnation]: incarnation, [LABEL.roleRestart]: life } = metadata.labels ?? {};
        const isKept = known.has(metadata.uid ?? "");
        // Of a workload: how often its spec was written.
        const { generation } = metadata as { readonly generation?: number };
        return [
          kind,
          metadata.name.replace(name, "S"),
          incarnation,
          life,
          fields(spec)["replicas"],
          isKept,
          generation,
        ].join(" ");
      }
    }

    describe("comes to the same end as one that is not, when it is", () => {
      test.each(PHASES)("$name", async (phase) => {
        const calm = await play(phase, "calm");
        expect(await play(phase, "killed")).toEqual(calm);
      });

      test("deleting: its roles end in reverse order, and nothing is left", async () => {
        const set = await bench().start("deleting", { replicas: 2, roles: SLOW });
        await set.call("sets.delete");
        for (const role of ["decode", "prefill"]) {
          await bench().server.until(
            `${role} to end`,
            () => set.pods(0, role),
            ([pod]) => pod === undefined || pod.metadata.deletionTimestamp !== undefined,
          );
          const [first] = await set.pods(0, "prefill");
          if (role === "decode") expect(first?.metadata.deletionTimestamp).toBeUndefined();
          await bench().server.restart();
        }
        await set.gone();
      });

      test("leaving what runs: the pods stay, and nobody's", async () => {
        const sketch = { replicas: 2, roles: PAIR, deletion: { orphan: true } };
        const set = await bench().start("leaving", sketch);
        const before = uidsOf(await set.pods());
        await set.call("sets.delete");
        await bench().server.restart();
        await bench().server.restart();
        await bench().server.until(
          "the set to be forgotten",
          () => bench().server.call<readonly { name: string }[]>("sets.list"),
          (rows) => !rows.some(({ name }) => name === "leaving"),
        );
        expect(uidsOf(await set.pods())).toEqual(before);
        for (const role of ["prefill", "decode"]) {
          const { metadata } = (await bench().kube.get("statefulsets.apps", `leaving-1-${role}`)) ?? {};
          expect(metadata?.ownerReferences ?? []).toEqual([]);
          expect(Object.keys(metadata?.labels ?? {}).filter((key) => key.includes("openpatio.io"))).toEqual([]);
        }
      });
    });
  },
  { isKilled: true },
);
