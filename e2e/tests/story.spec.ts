import { readFileSync } from "node:fs";
import { KubeApi } from "./kube-api.ts";
import { expect, test } from "./openpatio.ts";
import { Story } from "./story.ts";

const REAL = process.env["CONTRACT_KUBECONFIG"];

function tell(
  title: string,
  begin: (app: Parameters<Parameters<typeof test.beforeAll>[1]>[0]["app"]) => Promise<Story>,
  isSandbox: boolean,
) {
  test.describe(title, () => {
    test.describe.configure({ mode: "serial" });
    let story: Story;
    test.beforeAll(async ({ app }) => {
      story = await begin(app);
    });
    test("groups start in order, decode only after both prefill pods are Ready", () => story.startsInOrder());
    test("each group is in one rack", () => story.isInOneRackPerGroup());
    test("the cluster holds the owner, workloads, services and discovery of each group", () => story.hasItsObjects());
    test("scaling groups and a role replaces no running pod", () => story.scalesWithoutReplacing());
    test("a changed image rolls group by group, and holds while paused", async () => {
      const state = await story.rollsOut("lmsysorg/sglang:v0.5.10", () => story.pausesAndResumes());
      expect(state.detail.revisions.length).toBeGreaterThan(1);
    });
    test("a roll back goes to the old content as a new revision", () => story.rollsBack(1));
    test("a failed container recreates exactly its group, once, and says why", () => story.recoversOnce());
    test("a rollout goes on after kill -9 of the server, and doubles nothing", () =>
      story.survivesServerKill("lmsysorg/sglang:v0.5.11"));
    if (isSandbox) test("kill -9 of the sandbox recreates no group", () => story.survivesSandboxKill());
    test("deleting takes decode before prefill and leaves nothing", () => story.leavesNothing());
  });
}

tell("on the sandbox", async (app) => new Story(app, app.sandbox(), "sandbox-racks", "demo-group"), true);

if (REAL !== undefined && REAL !== "") {
  tell(
    "on a real control plane",
    async (app) => {
      const kube = new KubeApi(readFileSync(REAL, "utf8"));
      await app.mutate("clusters.register", { name: "real", kubeconfig: kube.kubeconfig, takeOver: true });
      return new Story(app, kube, "real", "demo-real");
    },
    false,
  );
}
