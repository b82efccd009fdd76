import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { objectOf, SETS } from "./kubectl.ts";
import { PAIR, withImage } from "./set-under-test.ts";
import { type Bench, describeOnTargets } from "./targets.ts";

/** The kubectl that lies beside the kubeconfig of the real control plane; it speaks to the sandbox as well. */
const KUBECONFIG = process.env["CONTRACT_KUBECONFIG"] ?? "";
const KUBECTL = path.join(path.dirname(KUBECONFIG), "kubectl");
const run = promisify(execFile);

const dir = mkdtempSync(path.join(os.tmpdir(), "openpatio-kubectl-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function kubeconfigOf(bench: Bench): string {
  const [cluster] = bench.server.sandbox.clusters;
  if (cluster === undefined) return KUBECONFIG;
  const file = path.join(dir, "sandbox.kubeconfig");
  writeFileSync(file, cluster.kubeconfigYaml);
  return file;
}

describeOnTargets("kubectl itself", (bench) => {
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const about = ["--kubeconfig", kubeconfigOf(bench()), "--namespace", bench().namespace, "--cache-dir", dir];
    const { stdout } = await run(KUBECTL, [...about, ...args]);
    return stdout;
  };
  const fileOf = (sketch: Parameters<typeof objectOf>[2]): string => {
    const file = path.join(dir, "set.json");
    writeFileSync(file, JSON.stringify(objectOf(bench(), "by-cli", sketch)));
    return file;
  };

  test.skipIf(KUBECONFIG === "" || !existsSync(KUBECTL))(
    "applies, waits, scales, describes and deletes a set",
    async () => {
      const set = bench().watch("by-cli");
      set.expect({ replicas: 1, roles: PAIR });
      const file = fileOf({ replicas: 1, roles: PAIR });
      expect(await kubectl("apply", "--dry-run=server", "-f", file)).toContain("created (server dry run)");
      expect(await bench().kube.get(SETS, "by-cli")).toBeNull();
      expect(await kubectl("apply", "-f", file)).toContain("created");
      expect(await kubectl("wait", "--for=condition=Available", "rbgs/by-cli", "--timeout=60s")).toContain(
        "condition met",
      );
      await set.settled();
      expect(await kubectl("get", "rbgs")).toMatch(/NAME +GROUPS +READY +UPDATED +PHASE +AGE\nby-cli +1 +1 +1 +Ready/);
      await kubectl("scale", "rbgs/by-cli", "--replicas=2");
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await set.settled();
      await kubectl("apply", "-f", fileOf({ replicas: 2, roles: withImage(PAIR, "engine:2") }));
      await set.reaches(0, 2);
      await set.settled();
      expect((await set.timeline("set.changed")).map(({ actor, decision }) => [actor, decision])).toEqual([
        ["operator", "Take the new definition as revision 2"],
      ]);
      const described = await kubectl("describe", "rbgs", "by-cli");
      for (const words of ["RolloutStarted", "Roll revision 2 out", "Available"]) expect(described).toContain(words);
      expect(await kubectl("explain", "rbgs.spec.rollout.maxUnavailable")).toContain("Groups that may be unavailable");
      expect(await kubectl("delete", "rbgs", "by-cli", "--timeout=60s")).toContain("deleted");
      expect(await set.pods()).toEqual([]);
      await set.gone();
    },
  );
});
