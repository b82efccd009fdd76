import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { Console } from "./console.ts";
import { expect, type OpenPatio, startOtherSandbox, test } from "./openpatio.ts";
import { demoYaml } from "./story.ts";

const SOLO = `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata: { name: solo, namespace: default, labels: { team: search } }
spec:
  groupTemplate:
    roles:
      - role: server
        template: { spec: { containers: [{ name: server, image: "example/server:1" }] } }
`;

const EXEC_KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "https://127.0.0.1:9" } }]
users: [{ name: u, user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: touch } } }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`;

type State = {
  readonly detail: { readonly phase: string };
  readonly groups: readonly { readonly incarnation: number }[];
};
const OPS = { namespace: "default", name: "ops" };

test.describe("operating what runs", () => {
  let ui: Console;

  test.beforeAll(async ({ app, browser }) => {
    await app.clear();
    await app.mutate("sets.apply", { yaml: demoYaml("ops"), cluster: "sandbox-racks" });
    await app.mutate("sets.apply", { yaml: SOLO, cluster: "sandbox-zones" });
    for (const name of ["ops", "solo"]) {
      const key = { namespace: "default", name };
      await app.until(async () => (await app.query<State>("sets.get", key)).detail.phase === "Ready", `${name} Ready`);
    }
    const context = await browser.newContext({ baseURL: app.url, viewport: { width: 1440, height: 960 } });
    ui = new Console(await context.newPage());
  });
  test.afterAll(async ({ app }) => {
    await ui.page.context().close();
    await app.clear();
  });

  test("the overview shows both clusters live, the sets, and nothing that needs attention", async () => {
    await ui.page.goto("/");
    await expect(ui.page.getByText("of 2 live")).toBeVisible();
    for (const name of ["sandbox-racks", "sandbox-zones"]) {
      await expect(ui.page.getByRole("article").filter({ hasText: name })).toContainText("ready");
    }
    await expect(ui.page.getByText("Nothing needs you")).toBeVisible();
    await expect(ui.table("Table of sets").getByRole("row", { name: /^ops/ })).toContainText("Ready");
  });

  test("the list of sets filters by its address, and its filters write the address", async () => {
    const rows = ui.page.getByRole("main").getByRole("link", { name: /^(ops|solo)$/ });
    await ui.page.goto("/sets");
    await expect(rows).toHaveCount(2);
    await ui.page.goto("/sets?cluster=sandbox-zones");
    await expect(rows).toHaveText(["solo"]);
    await ui.page.goto("/sets?q=team%3Dsearch");
    await expect(rows).toHaveText(["solo"]);
    await ui.page.goto("/sets?phase=Failed");
    await expect(ui.page.getByText("No set matches")).toBeVisible();
    await ui.button("Clear filters").click();
    await expect(rows).toHaveCount(2);
    await ui.page.getByRole("searchbox").fill("ops");
    await expect(ui.page).toHaveURL(/q=ops/);
    await expect(rows).toHaveText(["ops"]);
  });

  test("⌘K jumps to a pod, a cluster and a screen", async () => {
    const jump = async (query: string, item: RegExp, url: RegExp) => {
      await ui.page.keyboard.press("ControlOrMeta+K");
      await ui.dialog.getByRole("combobox").fill(query);
      await ui.dialog.getByRole("option", { name: item }).first().click();
      await expect(ui.page).toHaveURL(url);
    };
    await ui.page.goto("/");
    // Before the page is live it is only drawn, and hears no keys.
    await expect(ui.page.getByRole("banner").getByText("Live", { exact: true })).toBeVisible();
    await jump("ops-0-decode-1", /ops-0-decode-1/, /\/sets\/default\/ops\?.*pod=ops-0-decode-1/);
    await expect(ui.page.getByRole("heading", { name: "decode-1" })).toBeVisible();
    await jump("zones", /sandbox-zones/, /\/clusters\/sandbox-zones/);
    await jump("settings", /Settings/, /\/settings/);
  });

  test("a pod's log is followed live", async () => {
    await ui.page.goto("/sets/default/ops?pod=ops-0-prefill-0");
    const panel = ui.page.getByRole("complementary", { name: "Details" });
    await panel.getByRole("button", { name: "Logs" }).click();
    const status = panel.getByText(/\d+ lines?, following/);
    await expect(status).toBeVisible();
    const lines = async () => Number.parseInt((await status.textContent()) ?? "0", 10);
    await expect.poll(lines).toBeGreaterThan(0);
    const before = await lines();
    await expect.poll(lines, { timeout: 60_000 }).toBeGreaterThan(before);
  });

  test("the cluster page shows nodes by rack and the groups that run there", async () => {
    await ui.page.goto("/clusters/sandbox-racks");
    await expect(ui.page.getByText("24 of 24 nodes usable.", { exact: false })).toBeVisible();
    await expect(ui.page.getByText("rack-5", { exact: true }).first()).toBeVisible();
    await expect(ui.page.getByRole("region", { name: "Groups here" })).toContainText("ops");
  });

  test("labels of a cluster are edited where they are shown, and what is no label is said at once", async ({ app }) => {
    await ui.page.goto("/clusters/sandbox-racks");
    const labels = ui.page.getByRole("region", { name: "Labels" });
    await labels.getByRole("button", { name: "Edit…" }).click();
    const field = ui.dialog.getByRole("textbox", { name: "Labels" });
    await field.fill("region");
    await expect(ui.dialog).toContainText("region is not of the form key=value.");
    await field.fill("region=eu\ntier=prod");
    await ui.confirm("Save labels");
    await expect(labels.getByText("region=eu", { exact: true })).toBeVisible();
    await app.mutate("clusters.update", { name: "sandbox-racks", labels: {} });
    await expect(labels).toContainText("None. Sets can choose it by its name only.");
  });

  test("a drained node loses its pods, and their groups recover elsewhere", async ({ app }) => {
    await ui.page.goto("/clusters/sandbox-racks");
    await ui.sandboxBar.getByRole("button", { name: "Drain a node…" }).click();
    const node = (await ui.dialog.getByLabel("Node").inputValue()).trim();
    await ui.confirm("Drain node");
    await expect(ui.page.getByText(`Drained ${node}`)).toBeVisible();
    await app.until(async () => {
      const pods = await app.sandbox().pods("default", "ops");
      const { detail } = await app.query<State>("sets.get", OPS);
      return detail.phase === "Ready" && pods.length === 8 && pods.every((pod) => pod.spec?.["nodeName"] !== node);
    }, "the groups to run elsewhere");
    await expect(ui.page.getByText("23 of 24 nodes usable.", { exact: false })).toBeVisible();
    await app.mutate("clusters.uncordonNode", { cluster: "sandbox-racks", node });
    await expect(ui.page.getByText("24 of 24 nodes usable.", { exact: false })).toBeVisible();
  });

  test("a cluster that is cut off is shown as it was, untouched, and comes back", async ({ app }) => {
    const before = (await app.query<State>("sets.get", OPS)).groups;
    await ui.page.goto("/clusters/sandbox-racks");
    await ui.sandboxBar.getByRole("button", { name: "Cut off" }).click();
    await ui.phase("Unreachable");
    await expect(ui.page.getByText(/Shown as it was at \d\d:\d\d/)).toBeVisible();
    await ui.page.goto("/");
    await expect(ui.page.getByText("of 2 live")).toBeVisible();
    await expect(ui.page.getByText(/sandbox-racks unreachable/)).toBeVisible();
    const attention = ui.page.getByRole("region", { name: "Needs attention" });
    await expect(attention).toContainText("sandbox-racks");
    await ui.page.goto("/sets/default/ops?view=list");
    await expect(ui.list).toContainText(/stale|as of|unknown/i);
    await ui.page.goto("/clusters/sandbox-racks");
    await ui.sandboxBar.getByRole("button", { name: "Reconnect" }).click();
    await ui.phase("Reachable");
    await app.until(async () => (await app.query<State>("sets.get", OPS)).detail.phase === "Ready", "ops to be Ready");
    expect((await app.query<State>("sets.get", OPS)).groups.map((group) => group.incarnation)).toEqual(
      before.map((group) => group.incarnation),
    );
  });

  test("registering says what is wrong with a kubeconfig and what to do", async ({ app }) => {
    await ui.page.goto("/clusters");
    await ui.page.getByRole("main").getByRole("button", { name: "Register cluster" }).click();
    await ui.dialog.getByLabel("Name").fill("mine");
    const kubeconfig = ui.dialog.getByLabel("Kubeconfig", { exact: true });
    await kubeconfig.fill("just text");
    await expect(ui.dialog.getByText("This is not a kubeconfig")).toBeVisible();
    await kubeconfig.fill(EXEC_KUBECONFIG);
    await ui.dialog.getByRole("button", { name: "Register" }).click();
    await expect(ui.dialog.getByRole("alert")).toContainText("exec");
    await kubeconfig.fill(EXEC_KUBECONFIG.replace(/exec: \{[^}]*\}/, "token: abc"));
    await ui.dialog.getByRole("button", { name: "Register" }).click();
    await expect(ui.dialog.getByRole("alert")).toContainText("127.0.0.1:9");
    await expect(ui.dialog.getByRole("alert")).toContainText("does not answer");
    await kubeconfig.fill(app.sandbox("sandbox-zones").kubeconfig);
    await ui.dialog.getByRole("button", { name: "Register" }).click();
    await expect(ui.dialog.getByRole("alert")).toContainText("registered as sandbox-zones");
    const other = await startOtherSandbox();
    await kubeconfig.fill(other.kubeconfig);
    await ui.dialog.getByRole("button", { name: "Register" }).click();
    await expect(ui.page).toHaveURL(/\/clusters\/mine/);
    await ui.phase("Reachable");
    await ui.button("More").click();
    await ui.page.getByRole("menuitem", { name: "Remove…" }).click();
    await ui.dialog.getByRole("textbox").fill("mine");
    await ui.confirm("Remove cluster");
    await expect(ui.page).toHaveURL(/\/clusters$/);
    await expect(ui.page.getByRole("link", { name: "mine" })).toHaveCount(0);
    await other.stop();
  });

  test("a server that dies shows as not live at once, and the page goes on when it is back", async ({ app }) => {
    await ui.page.goto("/sets/default/ops?view=list");
    const mark = ui.page.getByRole("banner");
    await expect(mark.getByText("Live", { exact: true })).toBeVisible();
    const lost = expect(mark.getByText("Not live")).toBeVisible();
    await app.kill9("server");
    await lost;
    await expect(mark.getByText("Live", { exact: true })).toBeVisible({ timeout: 30_000 });
    await ui.button("More: groups").click();
    await expect(ui.row(/ops-2 Ready/)).toBeVisible({ timeout: 60_000 });
  });
});

const CANARY = demoYaml("canary")
  .replace("replicas: 2 # groups", "replicas: 3")
  .replace("  placement:", "  rollout: { partition: 2, maxUnavailable: 3 }\n  placement:");

const PODS = "/api/v1/namespaces/default/pods";
const STATEFUL_SETS = "/apis/apps/v1/namespaces/default/statefulsets";

async function expectNoViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

test.describe("steps that are taken with care", () => {
  let ui: Console;
  const key = { namespace: "default", name: "canary" };
  type Set = {
    readonly yaml: string;
    readonly detail: { readonly phase: string; readonly generation: number };
    readonly groups: readonly { readonly revision: number; readonly domain: string | null }[];
  };
  const revisions = async (app: OpenPatio) =>
    (await app.query<Set>("sets.get", key)).groups.map(({ revision }) => revision);

  test.beforeAll(async ({ app, browser }) => {
    await app.clear();
    await app.mutate("sets.apply", { yaml: CANARY, cluster: "sandbox-racks" });
    await app.until(async () => (await app.query<Set>("sets.get", key)).detail.phase === "Ready", "canary Ready");
    const context = await browser.newContext({ baseURL: app.url, viewport: { width: 1440, height: 960 } });
    ui = new Console(await context.newPage());
  });
  test.afterAll(async ({ app }) => {
    await ui.page.context().close();
    await app.clear();
  });

  test("a revision goes to the groups of the canary and, promoted, to all", async ({ app }) => {
    const { yaml, detail } = await app.query<Set>("sets.get", key);
    await app.mutate("sets.apply", { yaml: yaml.replaceAll("v0.5.9", "v0.6.0"), ifGeneration: detail.generation });
    await ui.page.goto("/sets/default/canary");
    await expect(ui.page.getByText("Canary: 1 of 3 groups at revision 2; partition 2 holds 2 back.")).toBeVisible({
      timeout: 60_000,
    });
    await ui.button("Promote to all…").click();
    await expect(ui.dialog).toContainText("2 groups more go to revision 2");
    await expectNoViolations(ui.page);
    await ui.confirm("Promote");
    await expect(ui.button("Promote to all…")).toBeHidden();
    await app.until(async () => (await revisions(app)).every((revision) => revision === 2), "all groups promoted");
    await ui.phase("Ready", 60_000);
  });

  test("a group is moved after a look at where it would go", async ({ app }) => {
    await ui.page.goto("/sets/default/canary?group=0");
    const from = (await app.query<Set>("sets.get", key)).groups[0]?.domain;
    await ui.button("Move now…").click();
    await expect(ui.dialog).toContainText("It goes to sandbox-racks/");
    await expect(ui.dialog.getByRole("listitem").first()).toContainText("stop at once");
    await expectNoViolations(ui.page);
    await ui.confirm("Move group");
    await app.until(async () => {
      const { detail, groups } = await app.query<Set>("sets.get", key);
      return detail.phase === "Ready" && groups[0]?.domain !== from;
    }, "the group elsewhere");
  });

  test("a set is let go of, and its pods keep running", async ({ app }) => {
    const cluster = app.sandbox();
    const uids = async () => {
      const pods = (await cluster.list(PODS)).filter(({ metadata }) => metadata.name.startsWith("canary-"));
      return pods.map(({ metadata }) => metadata.uid).toSorted();
    };
    const before = await uids();
    expect(before).toHaveLength(12);
    await ui.page.goto("/sets/default/canary");
    await ui.button("More actions").click();
    await ui.page.getByRole("menuitem", { name: "Delete set…" }).click();
    await expect(ui.dialog).toContainText("All 3 groups stop");
    await ui.dialog.getByRole("radio", { name: "Keep them running" }).check();
    await expect(ui.dialog).toContainText("Nothing stops");
    await expectNoViolations(ui.page);
    await ui.dialog.getByRole("textbox").fill("canary");
    await ui.confirm("Let go of set");
    await expect(ui.page.getByText("canary was deleted.")).toBeVisible({ timeout: 60_000 });
    expect(await uids()).toEqual(before);
    // What was let go of is ours to remove, or it would stand in the way of other tests.
    for (const { metadata } of await cluster.list(STATEFUL_SETS)) {
      if (metadata.name.startsWith("canary-")) await cluster.request("DELETE", `${STATEFUL_SETS}/${metadata.name}`);
    }
    await app.until(async () => (await uids()).length === 0, "the pods to be gone");
  });
});
