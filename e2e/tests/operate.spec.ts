import { Console } from "./console.ts";
import { expect, test } from "./openpatio.ts";
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
    await expect(ui.page).toHaveURL(/\/clusters\/mine/);
    await ui.phase("Reachable");
    await ui.button("More").click();
    await ui.page.getByRole("menuitem", { name: "Remove…" }).click();
    await ui.dialog.getByRole("textbox").fill("mine");
    await ui.confirm("Remove cluster");
    await expect(ui.page).toHaveURL(/\/clusters$/);
    await expect(ui.page.getByRole("link", { name: "mine" })).toHaveCount(0);
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
