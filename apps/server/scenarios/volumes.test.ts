import type { KubeObject } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { withImage } from "./set-under-test.ts";
import { type Bench, describeOnTargets } from "./targets.ts";

const RACK = "topology.kubernetes.io/rack";
const CLAIMS = "persistentvolumeclaims";

const wanted = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
const engine = (spec: Readonly<Record<string, unknown>> = {}, replicas = 2) => ({
  role: "engine",
  replicas,
  volumeClaimTemplates: [{ metadata: { name: "cache" }, spec: { ...wanted, ...spec } }],
  container: { volumeMounts: [{ name: "cache", mountPath: "/cache" }] },
});

/** By name, in order; the claims of a set have its name in theirs. */
async function claimsOf(bench: Bench, set: string): Promise<ReadonlyMap<string, string>> {
  const claims = (await bench.kube.list(CLAIMS)).filter(({ metadata }) => metadata.name.includes(`-${set}-`));
  return new Map(claims.map(({ metadata }) => [metadata.name, metadata.uid ?? ""]));
}

/** A volume that only the nodes of one rack reach, kept for a claim of that name. */
async function volumeIn(bench: Bench, rack: string, claim: string): Promise<string> {
  const name = `${bench.namespace}-${claim}`;
  const expression = { key: RACK, operator: "In", values: [rack] };
  await bench.kube.create("persistentvolumes", {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      accessModes: wanted.accessModes,
      capacity: { storage: "1Gi" },
      hostPath: { path: "/nowhere" },
      claimRef: { namespace: bench.namespace, name: claim },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } },
    },
  });
  return name;
}

async function rackOf(bench: Bench, pod: KubeObject | undefined): Promise<string | undefined> {
  const { nodeName } = (pod?.["spec"] ?? {}) as { nodeName?: string };
  return nodeName === undefined ? undefined : (await bench.kube.get("nodes", nodeName))?.metadata.labels?.[RACK];
}

describeOnTargets("volumes", (bench) => {
  describe.concurrent("of a role's pods", () => {
    test("they outlive recovery, rollout, scale-in and the set, and every pod finds its own again", async () => {
      const roles = [engine()];
      const set = await bench().start("keeps", { replicas: 2, roles });
      const before = await claimsOf(bench(), "keeps");
      expect([...before.keys()]).toEqual(
        [0, 1].flatMap((group) => [0, 1].map((pod) => `cache-keeps-${group}-engine-${pod}`)),
      );
      await set.annotatePod(set.podName(1, "engine"), { crash: "1" });
      await set.reaches(1, 2);
      await set.settled();
      await set.apply({ replicas: 2, roles: withImage(roles, "engine:2") as typeof roles });
      await set.reaches(0, 2);
      await set.settled();
      await set.scale(1);
      await set.until("one group", ({ groups }) => groups.length === 1);
      await set.scale(1, "engine");
      await set.settled();
      expect(await claimsOf(bench(), "keeps")).toEqual(before);
      await set.scale(2, "engine");
      await set.scale(2);
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await set.settled();
      expect(await claimsOf(bench(), "keeps")).toEqual(before);
      await set.end();
      expect(await claimsOf(bench(), "keeps")).toEqual(before);
    });

    test("deleted with its volumes, a set leaves no claim behind", async () => {
      const set = await bench().start("clears", { replicas: 2, roles: [engine({}, 1)] });
      expect((await claimsOf(bench(), "clears")).size).toBe(2);
      await set.scale(1);
      await set.until("one group", ({ groups }) => groups.length === 1);
      await set.call("sets.delete", { deleteVolumes: true });
      await set.gone();
      expect((await claimsOf(bench(), "clears")).size).toBe(0);
    });
  });

  describe.concurrent("bound to one rack", () => {
    test("a claim that the template names decides where the group goes, and the console says so", async () => {
      const volume = await volumeIn(bench(), "rack-4", "models");
      await bench().kube.create(CLAIMS, {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "models", namespace: bench().namespace },
        spec: { ...wanted, storageClassName: "", volumeName: volume },
      });
      await bench().server.until(
        "the claim to be bound",
        () => bench().kube.get(CLAIMS, "models"),
        (claim) => (claim?.["status"] as { phase?: string } | undefined)?.phase === "Bound",
      );
      const podSpec = { volumes: [{ name: "models", persistentVolumeClaim: { claimName: "models" } }] };
      const set = await bench().start("shares", {
        replicas: 1,
        roles: [{ role: "engine", podSpec }],
        placement: { topology: { key: RACK } },
      });
      const [pod] = await set.pods();
      expect(await rackOf(bench(), pod)).toBe("rack-4");
      const [placed] = await set.timeline("group.placed");
      expect(placed?.cause).toContain("Its volume is there (claim models).");
      await set.end();
      await bench().kube.delete("persistentvolumes", volume);
    });

    test("a group whose volume turns out to be elsewhere moves there as one", async () => {
      const volume = await volumeIn(bench(), "rack-5", "cache-moves-0-engine-0");
      const set = await bench().start("moves", {
        replicas: 1,
        roles: [{ role: "router" }, engine({ storageClassName: "" }, 1)],
        placement: { topology: { key: RACK } },
        rollout: { progressDeadlineSeconds: 5 },
      });
      const racks = await Promise.all((await set.pods()).map((pod) => rackOf(bench(), pod)));
      expect(racks).toEqual(["rack-5", "rack-5"]);
      expect(await set.incarnations()).toEqual([2]);
      await set.end();
      await bench().kube.delete("persistentvolumes", volume);
    });
  });
});
