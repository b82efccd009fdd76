import type { KubeObject } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { PAIR, type SetUnderTest, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const imagesOf = (pods: readonly KubeObject[]): readonly string[] => [
  ...new Set(
    pods.map((pod) => (pod["spec"] as { containers: readonly { image: string }[] }).containers[0]?.image ?? "?"),
  ),
];
const kept = async (set: SetUnderTest, group: number, before: readonly KubeObject[]) =>
  expect(uidsOf(await set.pods(group))).toEqual(uidsOf(before));

describeOnTargets("rollout", (bench) => {
  describe.concurrent("an edit", () => {
    test("of template and replicas at once scales and rolls, one group at a time", async () => {
      const set = await bench().start("both", { replicas: 2, roles: PAIR });
      set.history.mark();
      await set.apply({ replicas: 3, roles: withImage(PAIR, "engine:2") });
      const { groups } = await set.settled();
      expect(groups.map(({ incarnation, revision }) => [incarnation, revision])).toEqual([
        [2, 2],
        [2, 2],
        [1, 2],
      ]);
      expect(imagesOf(await set.pods())).toEqual(["engine:2"]);
      expect(set.history.fewestGroupsUp).toBeGreaterThanOrEqual(1);
      await set.apply({ replicas: 1, roles: withImage(PAIR, "engine:3") });
      expect((await set.settled()).groups.map(({ index, revision }) => [index, revision])).toEqual([[0, 3]]);
      expect(imagesOf(await set.pods())).toEqual(["engine:3"]);
    });

    test("that is taken back during the rollout leaves alone what was not reached yet", async () => {
      const set = await bench().start("back", { replicas: 3, roles: PAIR });
      const before = await Promise.all([0, 1].map((group) => set.pods(group)));
      await set.apply({ replicas: 3, roles: withImage(PAIR, "engine:2") });
      await set.reaches(2, 2);
      expect(await set.apply({ replicas: 3, roles: PAIR })).toMatchObject({ isChanged: true });
      const { groups, detail } = await set.settled();
      expect(groups.map(({ incarnation }) => incarnation)).toEqual([1, 1, 3]);
      for (const group of [0, 1]) await kept(set, group, before[group] ?? []);
      expect(imagesOf(await set.pods())).toEqual(["engine:1"]);
      const hashes = detail.revisions.map(({ hash }) => hash);
      expect(hashes[2]).toBe(hashes[0]);
      expect(hashes[1]).not.toBe(hashes[0]);
    });

    test("soon after creation replaces what has just begun, and never mixes the two", async () => {
      const set = bench().watch("hasty");
      await set.apply({ replicas: 2, roles: PAIR });
      await set.apply({ replicas: 2, roles: withImage(PAIR, "engine:2") });
      await set.apply({ replicas: 2, roles: withImage(PAIR, "engine:3") });
      expect((await set.settled()).groups.map(({ revision }) => revision)).toEqual([3, 3]);
      expect(imagesOf(await set.pods())).toEqual(["engine:3"]);
    });

    test("that breaks a group stops there, and the next edit replaces the broken group first", async () => {
      const set = await bench().start("broken", { replicas: 3, roles: PAIR });
      const before = await Promise.all([0, 1].map((group) => set.pods(group)));
      const stuck = PAIR.map((role) => ({ ...role, image: "absent", annotations: { waiting: "ImagePullBackOff" } }));
      const triggers = (roles: typeof stuck) =>
        roles.map((role) => ({
          ...role,
          annotations: { "sandbox.openpatio.io/waiting": role.annotations.waiting },
        }));
      await set.apply({ replicas: 3, roles: triggers(stuck) });
      const waiting = await set.until("the image that can not be pulled", ({ groups }) =>
        Boolean(groups[2]?.message?.includes("ImagePullBackOff")),
      );
      expect(waiting.groups.map(({ phase }) => phase)).toEqual(["Ready", "Ready", "Updating"]);
      for (const group of [0, 1]) await kept(set, group, before[group] ?? []);
      set.history.mark();
      await set.apply({ replicas: 3, roles: withImage(PAIR, "engine:2") });
      const { groups } = await set.settled();
      expect(groups.map(({ incarnation }) => incarnation)).toEqual([2, 2, 3]);
      expect(set.history.fewestGroupsUp).toBeGreaterThanOrEqual(2);
      const order = (await set.timeline("group.stopping")).map(({ group }) => group);
      expect(order).toEqual([2, 2, 1, 0]);
    });

    test.each([
      ["probe", { readinessProbe: { tcpSocket: { port: 8000 }, periodSeconds: 7 } }],
      ["securitycontext", { securityContext: { allowPrivilegeEscalation: false } }],
    ])("of nothing but the %s is a revision of its own", async (what, container) => {
      const set = await bench().start(`only-${what}`, { replicas: 1, roles: PAIR });
      await set.apply({ replicas: 1, roles: PAIR.map((role) => ({ ...role, container })) });
      const { groups } = await set.settled();
      expect(groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([[2, 2]]);
      const [pod] = await set.pods(0, "decode");
      expect(pod?.["spec"]).toMatchObject({ containers: [container] });
    });

    test("that says the same in another order, or says nothing at length, restarts nothing", async () => {
      const set = await bench().start("words", { replicas: 1, roles: PAIR });
      const before = await set.pods();
      const container = {
        env: [],
        securityContext: {},
        ports: [{ containerPort: 8000, name: "http" }],
        resources: { limits: {}, requests: { memory: "64Mi", cpu: "100m" } },
      };
      const { revision } = await set.apply({ replicas: 1, roles: PAIR.map((role) => ({ ...role, container })) });
      expect(revision).toBe(1);
      await set.settled();
      await kept(set, 0, before);
    });
  });

  describe.concurrent("roles", () => {
    test("that get a dependency while they run are not restarted; the next incarnation starts in the new order", async () => {
      const set = await bench().start("ordered", { replicas: 1, roles: [{ role: "prefill" }, { role: "decode" }] });
      const before = await set.pods();
      await set.apply({ replicas: 1, roles: [{ role: "prefill", dependencies: ["decode"] }, { role: "decode" }] });
      await set.settled();
      await kept(set, 0, before);
      await set.call("rollouts.restart");
      await set.reaches(0, 2);
      await set.settled();
      // The history tells whether prefill came before decode was ready.
      expect(await set.incarnations()).toEqual([2]);
    });

    test("are added, removed and renamed alone: those that stay keep their pods", async () => {
      const set = await bench().start("roles", { replicas: 2, roles: PAIR });
      const prefill = await set.pods(undefined, "prefill");
      const router = { role: "router", dependencies: ["decode"] };
      await set.apply({ replicas: 2, roles: [...PAIR, router] });
      await set.settled();
      expect(await set.pods(undefined, "router")).toHaveLength(2);
      await set.apply({ replicas: 2, roles: [{ role: "prefill" }, { role: "decoder", dependencies: ["prefill"] }] });
      const { groups } = await set.settled();
      expect(groups.map(({ incarnation }) => incarnation)).toEqual([1, 1]);
      expect(uidsOf(await set.pods(undefined, "prefill"))).toEqual(uidsOf(prefill));
      const workloads = (await set.objects("statefulsets.apps")).map(({ metadata }) => metadata.name).sort();
      expect(workloads).toEqual(["roles-0-decoder", "roles-0-prefill", "roles-1-decoder", "roles-1-prefill"]);
      const services = (await set.objects("services")).map(({ metadata }) => metadata.name).sort();
      expect(services).toEqual(["s-roles-0-decoder", "s-roles-0-prefill", "s-roles-1-decoder", "s-roles-1-prefill"]);
    });
  });

  describe.concurrent("the controls", () => {
    test("restart every group once, at the same revision and within the budget", async () => {
      const set = await bench().start("again", { replicas: 2, roles: PAIR });
      set.history.mark();
      await set.call("rollouts.restart");
      await set.reaches(0, 2);
      const { groups } = await set.settled();
      expect(groups.map(({ incarnation, revision }) => [incarnation, revision])).toEqual([
        [2, 1],
        [2, 1],
      ]);
      expect(set.history.fewestGroupsUp).toBeGreaterThanOrEqual(1);
    });

    test("pause between two groups, while a failure still recovers at the revision that its group has", async () => {
      const set = await bench().start("paused", { replicas: 3, roles: PAIR });
      await set.apply({ replicas: 3, roles: withImage(PAIR, "engine:2") });
      await set.reaches(2, 2);
      await set.call("rollouts.pause");
      await set.until("group 2 to be ready", ({ groups }) => groups[2]?.phase === "Ready");
      const untouched = await set.pods(1);
      await bench().kube.delete("pods", set.podName(0, "decode"));
      await set.reaches(0, 2);
      const paused = await set.until("all to be ready", ({ groups }) => groups.every(({ phase }) => phase === "Ready"));
      expect(paused.groups.map(({ revision }) => revision)).toEqual([1, 1, 2]);
      await kept(set, 1, untouched);
      await set.call("rollouts.resume");
      expect((await set.settled()).groups.map(({ incarnation }) => incarnation)).toEqual([3, 2, 2]);
    });
  });
});
