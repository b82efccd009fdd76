import { readdirSync, readFileSync } from "node:fs";
import type { ImportAnswer, PreviewView } from "@openpatio/core/view";
import { describe, expect, test } from "vitest";
import type { SetUnderTest } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const FIXTURES = new URL("../../../packages/core/src/spec/fixtures/", import.meta.url);
const NAMES = readdirSync(FIXTURES).flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -".yaml".length)] : []));
const read = (name: string): string => readFileSync(new URL(`${name}.yaml`, FIXTURES), "utf8");

describeOnTargets("an imported file", (bench) => {
  const importText = (text: string) => bench().server.call<ImportAnswer>("sets.import", { text });
  /** Into the namespace of these scenarios: the first set of the file, applied as it was imported. */
  async function run(name: string, text: string, change = (yaml: string): string => yaml): Promise<SetUnderTest> {
    const imported = await importText(text.replace("namespace: default", `namespace: ${bench().namespace}`));
    expect(imported.problems).toEqual([]);
    const [first] = imported.sets;
    expect(first?.name).toBe(name);
    const set = bench().watch(name);
    const { cluster, namespace, server } = bench();
    await server.call("sets.apply", { yaml: change(first?.yaml ?? ""), cluster, namespace });
    await set.settled();
    return set;
  }

  describe.concurrent("runs, and leaves nothing behind:", () => {
    test("a set of two groups", async () => {
      const set = await run("rbgs-base", read("basic--rbgs--rbgs-base"));
      const pods = (await set.pods()).map(({ metadata }) => metadata.name).sort();
      expect(pods).toEqual([
        "rbgs-base-0-decode-0",
        "rbgs-base-0-decode-1",
        "rbgs-base-0-prefill-0",
        "rbgs-base-1-decode-0",
        "rbgs-base-1-decode-1",
        "rbgs-base-1-prefill-0",
      ]);
      for (const pod of await set.pods()) expect(pod.metadata.labels).toMatchObject({ app: "inference-cluster" });
      await set.end();
    });

    test("a single group, whose launch arguments name the addresses that the cluster publishes", async () => {
      const set = await run("sglang-pd-inference", read("inference--pd-disagg-standalone"));
      const [router] = await set.pods(0, "router");
      expect(router?.["spec"]).toMatchObject({
        containers: [
          {
            command: expect.arrayContaining([
              "http://sglang-pd-inference-0-prefill-0.s-sglang-pd-inference-0-prefill:8000",
            ]),
          },
        ],
      });
      const services = (await set.objects("services")).map(({ metadata }) => metadata.name);
      expect(services).toContain("s-sglang-pd-inference-0-prefill");
      await set.end();
    });
  });

  test("of the corpus is accepted by the cluster's own checks, whole", async () => {
    const { cluster, namespace, server } = bench();
    expect(NAMES.length).toBeGreaterThan(10);
    for (const name of NAMES) {
      const { sets, problems } = await importText(
        read(name).replaceAll("namespace: default", `namespace: ${namespace}`),
      );
      expect({ name, problems }).toEqual({ name, problems: [] });
      for (const { yaml } of sets) {
        const { checks } = await server.call<PreviewView>("sets.preview", { yaml, cluster, namespace });
        expect({ name, errors: checks.filter(({ level }) => level === "error") }).toEqual({ name, errors: [] });
      }
    }
  });

  test("with a LeaderWorkerSet runs as groups of a leader and its workers, which find each other by the rewritten variables", async () => {
    const text = read("leaderworkerset--sglang").split("---")[0] ?? "";
    // No GPUs and no topology, so that it runs wherever pods do.
    const set = await run(
      "qwen",
      text.replace(/ +resources:\n +limits:\n +nvidia.com\/gpu: "1"\n/g, "").replace(/ +annotations:\n.*\n/, ""),
      // A cluster may have the definition of LeaderWorkerSets and nobody who runs them.
      (yaml) =>
        yaml.replace("leaderworkerset.x-k8s.io/v1", "apps/v1").replace("kind: LeaderWorkerSet", "kind: StatefulSet"),
    );
    const pods = await set.pods(0);
    expect(pods).toHaveLength(2);
    for (const pod of pods) {
      const spec = pod["spec"] as { containers: { args: string[]; env: { name: string }[] }[] };
      expect(JSON.stringify(spec.containers[0]?.args)).toContain("RBG_LWP_LEADER_ADDRESS");
      expect(spec.containers[0]?.env.map(({ name }) => name)).toContain("RBG_LWP_LEADER_ADDRESS");
    }
    await set.end();
  });

  test("names its Services that select another controller's labels, with what to select here", async () => {
    const service = `
---
apiVersion: v1
kind: Service
metadata: { name: entry, namespace: default }
spec:
  selector: { rbg.workloads.x-k8s.io/group-name: rbgs-base-0, rbg.workloads.x-k8s.io/role-name: prefill }
  ports: [{ port: 80, targetPort: 8080 }]
`;
    const { sets, skipped } = await importText(read("basic--rbgs--rbgs-base") + service);
    expect(sets.map(({ name }) => name)).toEqual(["rbgs-base"]);
    expect(skipped).toEqual([
      expect.objectContaining({
        kind: "Service",
        name: "entry",
        reason: expect.stringContaining("openpatio.io/role=prefill"),
        yaml: expect.stringContaining('openpatio.io/group-index: "0"'),
      }),
    ]);
  });
});
