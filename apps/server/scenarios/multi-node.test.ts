import { type KubeObject, LABEL, LWS_LABEL } from "@openpatio/core/model";
import { LEADER_WORKER_SETS, SANDBOX_RACKS } from "@openpatio/k8s/sim";
import { describe, expect, test } from "vitest";
import { type RoleSketch, type SetSketch, uidsOf } from "./set-under-test.ts";
import { type Bench, describeOnTargets } from "./targets.ts";

const LWS = { apiVersion: "leaderworkerset.x-k8s.io/v1", kind: "LeaderWorkerSet" };
const CRDS = "customresourcedefinitions.apiextensions.k8s.io";
const LWS_RESOURCE = "leaderworkersets.leaderworkerset.x-k8s.io";
const WORKER_TEMPLATE = {
  metadata: { labels: { part: "worker" } },
  spec: { terminationGracePeriodSeconds: 5, containers: [{ name: "worker", image: "worker:1" }] },
};

/** Instances of a leader and one worker, and a router that waits for them. */
function sketch(role: Partial<RoleSketch> = {}, image = "engine:1"): SetSketch {
  const prefill: RoleSketch = { role: "prefill", replicas: 1, leaderWorker: { size: 2 }, image, ...role };
  return { replicas: 1, roles: [prefill, { role: "router", dependencies: ["prefill"], image }] };
}

type Container = { readonly env?: readonly { readonly name: string; readonly value?: string }[] };
type Pod = { readonly spec: { readonly containers: readonly Container[]; readonly subdomain?: string } };
const envOf = (pod: KubeObject | undefined, name: string): string | undefined =>
  (pod as unknown as Pod | undefined)?.spec.containers[0]?.env?.find((each) => each.name === name)?.value;
const namesOf = (objects: readonly KubeObject[]): readonly string[] =>
  objects.map(({ metadata }) => metadata.name).sort();

const onSandbox = (bench: Bench): boolean => bench.cluster === SANDBOX_RACKS.name;

describeOnTargets("multi-node instances", (bench) => {
  describe.concurrent("with a StatefulSet for each instance", () => {
    test("start in order, are scaled as a whole, and leave nothing", async () => {
      const set = await bench().start("plain", sketch());
      expect(namesOf(await set.objects("statefulsets.apps"))).toEqual(["plain-0-prefill-0", "plain-0-router"]);
      expect(namesOf(await set.pods(0, "prefill"))).toEqual(["plain-0-prefill-0-0", "plain-0-prefill-0-1"]);
      const [leader] = await set.pods(0, "prefill");
      // Expanded by the kubelet from the label that stands before it.
      expect(envOf(leader, "RBG_LWP_LEADER_ADDRESS")).toBe(
        `plain-0-prefill-$(RBG_ROLE_INDEX)-0.s-plain-0-prefill.${bench().namespace}.svc`,
      );
      const first = uidsOf(await set.pods());

      await set.scale(2, "prefill");
      await set.settled();
      expect(await set.pods(0, "prefill")).toHaveLength(4);
      const config = await bench().kube.get("configmaps", "plain-0-config");
      expect(JSON.stringify(config?.["data"])).toContain(
        `plain-0-prefill-1-1.s-plain-0-prefill.${bench().namespace}.svc`,
      );
      await set.scale(1, "prefill");
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(first);
      await set.scale(2, "prefill");
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...first]));
      expect(await set.incarnations()).toEqual([1]);
      expect(await set.timeline("group.failed")).toEqual([]);
      await set.end();
    });

    test("are recreated once when a worker crashes, together with the whole group", async () => {
      const set = await bench().start("crash", sketch({ replicas: 2 }));
      const before = uidsOf(await set.pods());
      await set.annotatePod("crash-0-prefill-1-1", { crash: "137" });
      await set.reaches(0, 2);
      await set.settled();
      expect(await set.incarnations()).toEqual([2]);
      expect(uidsOf(await set.pods()).filter((uid) => before.includes(uid))).toEqual([]);
      expect((await set.timeline("group.failed")).map(({ cause }) => cause)).toEqual([
        expect.stringContaining("prefill-1-1: engine exited 137"),
      ]);
      await set.end();
    });

    test("with a template of the workers' own, take a new image as a whole", async () => {
      const workers = { leaderWorker: { size: 3, workerTemplate: WORKER_TEMPLATE } };
      const set = await bench().start("split", sketch(workers));
      expect(namesOf(await set.pods(0, "prefill"))).toEqual([
        "split-0-prefill-0-0",
        "split-0-prefill-0-w-1",
        "split-0-prefill-0-w-2",
      ]);
      await set.apply(sketch(workers, "engine:2"));
      await set.settled();
      expect(set.history.incarnationsOf(0)).toEqual([1, 2]);
      await set.end();
    });

    test("whose cluster refuses the workers' template are told so at that template", async () => {
      const workerTemplate = { spec: { containers: [{ name: "worker", image: "" }] } };
      const set = bench().watch("refused");
      const answer = set.apply(sketch({ leaderWorker: { size: 3, workerTemplate } }));
      await expect(answer).rejects.toMatchObject({
        data: {
          problems: [
            expect.objectContaining({
              path: "spec.groupTemplate.roles[0].leaderWorker.workerTemplate.spec.containers[0].image",
              message: expect.stringContaining("refuses StatefulSet refused-0-prefill-0-w: Required value"),
            }),
          ],
        },
      });
    });

    test("are not started twice when one is deleted by hand", async () => {
      const set = await bench().start("byhand", sketch({ replicas: 2 }));
      await bench().kube.delete("statefulsets.apps", "byhand-0-prefill-1");
      await set.reaches(0, 2);
      await set.settled();
      expect(await set.incarnations()).toEqual([2]);
      await set.end();
    });
  });

  describe("as a LeaderWorkerSet", () => {
    test("where there is none: as StatefulSets, which the timeline says", async ({ skip }) => {
      const { kube, server } = bench();
      const name = LEADER_WORKER_SETS.metadata.name;
      // Nobody else uses this sandbox. A real control plane is shared, and others may want them there.
      if (onSandbox(bench())) {
        await kube.delete(CRDS, name);
        // One that runs believes for a minute that the API is only slow to come.
        await server.restart();
      }
      if ((await kube.get(CRDS, name)) !== null) return skip("this cluster has them");
      const set = await bench().start("without", sketch({ workload: LWS }));
      expect(namesOf(await set.objects("statefulsets.apps"))).toEqual(["without-0-prefill-0", "without-0-router"]);
      const [start] = await set.timeline("group.starting");
      expect(start?.actions.join()).toContain("has no LeaderWorkerSet API");
      await set.end();
    });

    test("what is written is what its definition accepts, and follows scaling and deletion", async () => {
      const { kube, server } = bench();
      const isMissing = (await kube.get(CRDS, LEADER_WORKER_SETS.metadata.name)) === null;
      if (isMissing) {
        const earlier = await bench().start("earlier", sketch({ workload: LWS }));
        await kube.create(CRDS, LEADER_WORKER_SETS);
        await server.until(
          "the server to see the new API",
          async () => {
            const set = bench().watch("probe");
            await set.apply({ ...sketch({ workload: LWS }), replicas: 1 });
            await set.until("group 0 to have started", ({ groups }) => (groups[0]?.incarnation ?? 0) > 0);
            const start = (await set.timeline("group.starting")).at(-1);
            await set.end();
            return start?.actions ?? [];
          },
          (actions) => actions.length === 0,
        );
        // What an incarnation runs as was decided when it began.
        await earlier.scale(2, "prefill");
        await earlier.settled();
        expect(namesOf(await earlier.objects("statefulsets.apps"))).toContain("earlier-0-prefill-1");
        expect(await earlier.incarnations()).toEqual([1]);
        await earlier.end();
      }
      const set = bench().watch("written");
      await set.apply(sketch({ workload: LWS, leaderWorker: { size: 3, workerTemplate: WORKER_TEMPLATE } }));
      const found = await server.until(
        "the LeaderWorkerSet",
        () => kube.get(LWS_RESOURCE, "written-0-prefill"),
        (object) => object !== null,
      );
      const spec = found?.["spec"] as Readonly<Record<string, unknown>>;
      const template = spec["leaderWorkerTemplate"] as Readonly<Record<string, KubeObject>>;
      expect(spec).toMatchObject({ replicas: 1, startupPolicy: "LeaderCreated" });
      expect(template).toMatchObject({ size: 3, restartPolicy: "None" });
      expect(template["leaderTemplate"]?.metadata.labels?.[LABEL.role]).toBe("prefill");
      expect(template["workerTemplate"]?.metadata.labels).toMatchObject({ [LABEL.role]: "prefill", part: "worker" });
      await set.scale(2, "prefill");
      await server.until(
        "its replicas",
        async () => (await kube.get(LWS_RESOURCE, "written-0-prefill"))?.["spec"] as { replicas?: number } | undefined,
        (now) => now?.replicas === 2,
      );
      await set.end();
      expect(await kube.list(LWS_RESOURCE, { [LABEL.set]: "written" })).toEqual([]);
      if (isMissing && !onSandbox(bench())) await kube.delete(CRDS, LEADER_WORKER_SETS.metadata.name);
    });

    test("start in order, are scaled and recreated as a whole", async ({ skip }) => {
      if (!onSandbox(bench())) return skip("no controller makes its pods here");
      const set = await bench().start("lws", sketch({ workload: LWS }));
      expect(namesOf(await set.pods(0, "prefill"))).toEqual(["lws-0-prefill-0", "lws-0-prefill-0-1"]);
      const [, worker] = await set.pods(0, "prefill");
      expect(worker?.metadata.labels?.[LWS_LABEL.workerIndex]).toBe("1");
      expect(envOf(worker, "RBG_LWP_LEADER_ADDRESS")).toBe(
        `lws-0-prefill-$(RBG_ROLE_INDEX).lws-0-prefill.${bench().namespace}.svc`,
      );
      const first = uidsOf(await set.pods());
      await set.scale(2, "prefill");
      await set.settled();
      await set.scale(1, "prefill");
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(first);
      expect(await set.timeline("group.failed")).toEqual([]);
      await set.annotatePod("lws-0-prefill-0-1", { crash: "137" });
      await set.reaches(0, 2);
      await set.settled();
      expect(await set.incarnations()).toEqual([2]);
      await set.apply(sketch({ workload: LWS }, "engine:2"));
      await set.settled();
      expect(await set.incarnations()).toEqual([3]);
      await set.end();
    });
  });
});
