import { fields, records } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { applyThere, SETS } from "./kubectl.ts";
import { PAIR, type SetSketch, type SetUnderTest } from "./set-under-test.ts";
import { type Bench, describeOnTargets } from "./targets.ts";

type Case = {
  readonly name: string;
  readonly sketch: SetSketch;
  /** What happens once it is settled; null: it never settles. */
  readonly act: ((set: SetUnderTest) => Promise<void>) | null;
  readonly phase: string;
  readonly sentence: RegExp;
  /** False while nothing of the group is in the cluster. */
  readonly hasOwner: boolean;
};

const withFault = (annotations: Readonly<Record<string, string>>): SetSketch => ({
  roles: [
    { role: "prefill", annotations },
    { role: "decode", dependencies: ["prefill"] },
  ],
});

const CASES: readonly Case[] = [
  {
    name: "waits-for-role",
    sketch: withFault({ "sandbox.openpatio.io/ready": "false" }),
    act: null,
    phase: "Starting",
    sentence: /^Wave 1 of 2: prefill 0 of 1 ready\. decode waits for prefill\.$/,
    hasOwner: true,
  },
  {
    name: "no-image",
    sketch: withFault({ "sandbox.openpatio.io/waiting": "ImagePullBackOff" }),
    act: null,
    phase: "Starting",
    sentence:
      /^Wave 1 of 2: prefill 0 of 1 ready; prefill-0 has ImagePullBackOff in engine.*\. decode waits for prefill\.$/,
    hasOwner: true,
  },
  {
    name: "countdown",
    sketch: { roles: PAIR },
    // The first recovery is immediate; the second one waits.
    act: async (set) => {
      await set.annotatePod(set.podName(0, "prefill"), { crash: "1" });
      await set.reaches(0, 2);
      await set.settled();
      await set.annotatePod(set.podName(0, "prefill"), { crash: "1" });
    },
    phase: "Recovering",
    sentence:
      /^prefill-0: engine exited \d+.*\. \d failures in a row\. All pods of incarnation \d are gone; incarnation \d is next\.$/,
    hasOwner: true,
  },
  {
    name: "no-secret",
    sketch: {
      roles: [{ role: "prefill", podSpec: { volumes: [{ name: "token", secret: { secretName: "nowhere" } }] } }],
    },
    act: null,
    phase: "Pending",
    sentence: /Secret nowhere/,
    hasOwner: false,
  },
  {
    name: "no-room",
    sketch: { roles: [{ role: "prefill", container: { resources: { requests: { cpu: "5000" } } } }] },
    act: null,
    phase: "Pending",
    sentence: /^No node can hold prefill-0: it asks for 5000 cores, and the largest node has \d+\.$/,
    hasOwner: false,
  },
  {
    name: "recovering",
    sketch: { roles: [{ role: "prefill", annotations: { "sandbox.openpatio.io/ready-delay": "20s" } }] },
    act: (set) => set.annotatePod(set.podName(0, "prefill"), { fail: "Evicted" }),
    phase: "Recovering",
    sentence: /^prefill-0.*Evicted.*\. prefill 0 of 1 ready\.$/,
    hasOwner: true,
  },
  {
    name: "not-ready",
    sketch: { roles: PAIR },
    act: (set) => set.annotatePod(set.podName(0, "decode"), { ready: "false" }),
    phase: "Degraded",
    sentence: /^decode-0 is not ready\.$/,
    hasOwner: true,
  },
];

/** The same words from every door: what the console and the API say, the group's object, and the set's. */
async function told(bench: Bench, set: SetUnderTest) {
  const [answer, owner, resource] = await Promise.all([
    set.get(),
    bench.kube.get("rolebasedgroups.openpatio.io", `${set.name}-0`),
    bench.kube.get(SETS, set.name),
  ]);
  const [group] = answer.groups;
  const shown = fields(owner?.["status"]);
  const [condition] = records(shown["conditions"]);
  const ofSet = fields(resource?.["status"]);
  return {
    phase: group?.phase,
    api: group?.message,
    owner: shown["message"],
    condition: condition?.["message"],
    resource: records(ofSet["groups"])[0]?.["message"],
    set: ofSet["message"],
    setPhase: ofSet["phase"],
  };
}

describeOnTargets("what a group waits for", (bench) => {
  describe.concurrent("is said in one sentence, the same in the console, on the group and on the set", () => {
    test.each(CASES)("$name", async ({ name, sketch, act, phase, sentence, hasOwner }) => {
      const set = await applyThere(bench(), name, sketch);
      if (act !== null) {
        await set.settled();
        await act(set);
      }
      await set.known();
      const words = await bench().server.until(
        `${name}: its sentence`,
        () => told(bench(), set),
        ({ api, owner, condition, resource, ...now }) =>
          now.phase === phase &&
          now.setPhase === phase &&
          sentence.test(api ?? "") &&
          resource === api &&
          (!hasOwner || (owner === api && condition === api)),
      );
      expect(String(words.set)).toMatch(/^Group 0[:,] /);
      expect(String(words.set).toLowerCase()).toContain(String(words.api).toLowerCase());
    });
  });
});
