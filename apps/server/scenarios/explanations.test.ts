import { fields, records } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { applyThere, conditionOf, SETS, specOf } from "./kubectl.ts";
import { PAIR, type SetSketch, type SetUnderTest, withImage } from "./set-under-test.ts";
import { type Bench, describeOnTargets } from "./targets.ts";

type Case = {
  readonly name: string;
  readonly sketch: SetSketch;
  /** What is there before it. */
  readonly before?: (bench: Bench) => Promise<unknown>;
  /** What happens once it is settled; null: it never settles. */
  readonly act: ((set: SetUnderTest, bench: Bench) => Promise<unknown>) | null;
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

const DONGLE = { "example.com/dongle": "1" };
/** Nothing tells that a pod has one until the quota has refused it. */
const QUOTA = {
  apiVersion: "v1",
  kind: "ResourceQuota",
  spec: { hard: { "requests.example.com/dongle": "0" } },
};

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
  {
    name: "quota",
    before: ({ kube, namespace }) =>
      kube.create("resourcequotas", { ...QUOTA, metadata: { name: "no-dongles", namespace } }),
    sketch: {
      placement: { whenFull: "CreatePods" },
      roles: [{ role: "prefill", container: { resources: { requests: DONGLE, limits: DONGLE } } }],
    },
    act: null,
    phase: "Starting",
    sentence:
      /^prefill 0 of 1 ready; prefill gets no pods \(.*exceeded quota: no-dongles, requested: requests.example.com\/dongle=1, used: requests.example.com\/dongle=0, limited: requests.example.com\/dongle=0\)\.$/,
    hasOwner: true,
  },
  {
    name: "deadline",
    sketch: {
      ...withFault({ "sandbox.openpatio.io/waiting": "ImagePullBackOff" }),
      rollout: { progressDeadlineSeconds: 2 },
    },
    act: null,
    phase: "Degraded",
    sentence: /^No progress within 2 s; prefill-0 has ImagePullBackOff in engine.*\.$/,
    hasOwner: true,
  },
  {
    name: "role-restart",
    sketch: {
      roles: PAIR.map((role) => ({ ...role, annotations: { "sandbox.openpatio.io/stop-delay": "3s" } })),
      recovery: { policy: "RecreateRole" },
    },
    act: (set) => set.annotatePod(set.podName(0, "decode"), { crash: "137" }),
    phase: "Recovering",
    sentence: /^decode-0: engine exited 137.*\. decode is being recreated; 1 pod of the life before is still there\.$/,
    hasOwner: true,
  },
  {
    name: "leader",
    sketch: {
      roles: [
        {
          role: "engine",
          leaderWorker: { size: 2 },
          annotations: { "sandbox.openpatio.io/waiting": "ImagePullBackOff" },
        },
        { role: "router", dependencies: ["engine"] },
      ],
    },
    act: null,
    phase: "Starting",
    sentence:
      /^Wave 1 of 2: engine 0 of 1 ready; engine-0-0 has ImagePullBackOff in engine.*\. router waits for engine\.$/,
    hasOwner: true,
  },
  {
    name: "external",
    sketch: {
      roles: [
        {
          role: "decode",
          scaling: { external: true },
          annotations: { "sandbox.openpatio.io/ready-delay": "4s" },
        },
      ],
    },
    act: (set, { kube }) => {
      set.history.expect({ replicas: { decode: 3 }, dependencies: { decode: [] } });
      return kube.patch("statefulsets.apps", `${set.name}-0-decode`, { spec: { replicas: 3 } });
    },
    phase: "Starting",
    sentence: /^decode 1 of 3 ready\.$/,
    hasOwner: true,
  },
  {
    name: "deletion",
    sketch: { roles: PAIR.map((role) => ({ ...role, annotations: { "sandbox.openpatio.io/stop-delay": "3s" } })) },
    act: (set) => set.call("sets.delete"),
    phase: "Deleting",
    sentence: /^The set is being deleted\. decode is being stopped, 1 pod is left; prefill waits for it\.$/,
    hasOwner: true,
  },
];

type SetCase = Pick<Case, "name" | "sketch"> & {
  readonly next: SetSketch;
  readonly reason: string;
  readonly sentence: RegExp;
  /** Of the set itself; where it is settled there is nothing to say. */
  readonly isSettled?: boolean;
};

const NEXT = withImage(PAIR, "engine:2");

const SET_CASES: readonly SetCase[] = [
  {
    name: "paused",
    sketch: { replicas: 2, roles: PAIR },
    next: { replicas: 2, roles: NEXT, rollout: { paused: true } },
    reason: "Paused",
    sentence: /^Paused: 0 of 2 groups on revision 2\. No further group is taken down\.$/,
  },
  {
    name: "extra",
    sketch: { roles: [{ role: "prefill" }], rollout: { maxSurge: 1, maxUnavailable: 0 } },
    next: {
      roles: [{ role: "prefill", annotations: { "sandbox.openpatio.io/waiting": "ImagePullBackOff" } }],
      rollout: { maxSurge: 1, maxUnavailable: 0 },
    },
    reason: "RollingOut",
    sentence:
      /^0 of 1 group on revision 2, at most 0 down at a time\. Extra group 1 comes first\. prefill 0 of 1 ready; prefill-0 has ImagePullBackOff in engine.*\.$/,
  },
  {
    name: "budget",
    sketch: { replicas: 2, roles: [{ role: "prefill" }] },
    next: {
      replicas: 2,
      roles: [{ role: "prefill", annotations: { "sandbox.openpatio.io/ready": "false" } }],
    },
    reason: "RollingOut",
    sentence:
      /^0 of 2 groups on revision 2, at most 1 down at a time\. 1 of 1 used; group 0 is next when group 1 is ready\.$/,
  },
  {
    name: "canary",
    sketch: { replicas: 2, roles: PAIR, rollout: { partition: 1 } },
    next: { replicas: 2, roles: NEXT, rollout: { partition: 1 } },
    reason: "Canary",
    sentence: /^Canary: 1 of 2 groups at revision 2; partition 1 holds 1 back\.$/,
    isSettled: true,
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
    test.each(CASES)("$name", async ({ name, sketch, before, act, phase, sentence, hasOwner }) => {
      await before?.(bench());
      const set = await applyThere(bench(), name, sketch);
      if (act !== null) {
        await set.settled();
        await act(set, bench());
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
      expect(String(words.set)).toMatch(/^(1 group to go\. )?Group 0[:,] /);
      expect(String(words.set).toLowerCase()).toContain(String(words.api).toLowerCase());
    });
  });

  describe.concurrent("is said of a rollout too, the same in the console and in the set's conditions", () => {
    test.each(SET_CASES)("$name", async ({ name, sketch, next, reason, sentence, isSettled }) => {
      const set = await applyThere(bench(), name, sketch);
      await set.settled();
      set.expect(next);
      await bench().kube.patch(SETS, name, specOf(bench(), name, next));
      await bench().server.until(
        `${name}: its sentence`,
        async () => {
          const [{ detail }, resource] = await Promise.all([set.get(), bench().kube.get(SETS, name)]);
          const told = detail.conditions.find(({ type }) => type === "Progressing");
          const there = conditionOf(resource, "Progressing");
          const { message } = fields(resource?.["status"]);
          return { console: detail.rollout.message, told, there, set: detail.message, resource: message };
        },
        (said) =>
          sentence.test(said.console) &&
          said.told?.reason === reason &&
          said.told.message === said.console &&
          said.there?.["message"] === said.console &&
          (said.set === null ? isSettled === true : said.resource === said.set),
      );
    });
  });
});
