import { Console } from "./console.ts";
import { expect, test } from "./openpatio.ts";
import { demoYaml } from "./story.ts";

const NAME = "demo-group";

/** Prefill takes long enough that a person, and a busy machine, sees decode wait for it. */
const SLOW_PREFILL = demoYaml(NAME).replace(
  "        template:\n",
  '        template:\n          metadata: { annotations: { sandbox.openpatio.io/ready-delay: "4s" } }\n',
);

/** The first hour of a new user, in one browser tab. */
test.describe("a person who never saw it", () => {
  test.describe.configure({ mode: "serial" });
  let ui: Console;

  test.beforeAll(async ({ app, browser }) => {
    await app.clear();
    const context = await browser.newContext({ baseURL: app.url, viewport: { width: 1440, height: 960 } });
    ui = new Console(await context.newPage());
  });
  test.afterAll(async ({ app }) => {
    await ui.page.context().close();
    await app.clear();
  });

  test("finds three ways to begin in the empty console, and both clusters live", async () => {
    await ui.page.goto("/");
    await expect(ui.page.getByRole("heading", { name: "Begin with a set" })).toBeVisible();
    for (const way of ["Paste YAML", "Start from a template", "Import a file"]) {
      await expect(ui.page.getByRole("link", { name: way })).toBeVisible();
    }
    await expect(ui.page.getByText("of 2 live")).toBeVisible();
    await expect(ui.page.getByRole("link", { name: "sandbox-racks", exact: true })).toBeVisible();
  });

  test("pastes a set and sees its roles drawn in the order they start", async () => {
    await ui.page.getByRole("link", { name: "Paste YAML" }).click();
    await ui.paste(SLOW_PREFILL);
    await expect(ui.page.getByRole("heading", { level: 1, name: NAME })).toBeVisible();
    await expect(ui.card("prefill")).toBeVisible();
    await expect(ui.card("decode")).toBeVisible();
    await expect(ui.page.getByText("when prefill is ready")).toBeVisible();
    await expect(ui.page.getByText("One group: 4 pods, 4 GPUs, in one rack.")).toBeVisible();
  });

  test("previews the rack of each group with the reason, two waves and all objects", async () => {
    await ui.preview();
    const groups = ui.table("Groups").locator("tbody tr");
    await expect(groups).toHaveCount(2);
    for (const index of [0, 1]) {
      await expect(groups.nth(index)).toContainText("Starts");
      await expect(groups.nth(index)).toContainText(/sandbox-racks\/\S+/);
      await expect(groups.nth(index).getByRole("cell").last()).toContainText(/of 6 racks that fit: \d+ GPUs free/);
    }
    const startup = ui.page.getByRole("region", { name: "Startup", exact: true });
    await expect(startup).toContainText(/Wave 1\s*prefill at once/);
    await expect(startup).toContainText(/Wave 2\s*decode when prefill ready/);
    const objects = ui.table("Objects by kind");
    for (const [kind, count] of [
      ["RoleBasedGroup", 2],
      ["ConfigMap", 4],
      ["Service", 4],
      ["StatefulSet", 4],
    ] as const) {
      await expect(objects.getByRole("row", { name: new RegExp(`^${kind} ${count}`) })).toBeVisible();
    }
  });

  test("applies it and watches prefill start first, decode after it", async () => {
    await expect(ui.apply).toHaveText(`Create ${NAME}`);
    await ui.apply.click();
    await expect(ui.page).toHaveURL(new RegExp(`/sets/default/${NAME}`));
    await ui.showList();
    await expect(ui.row(/^(Close|Open) prefill prefill Starting/).first()).toBeVisible();
    await expect(ui.row(/decode .*waits for prefill/).first()).toBeVisible();
    await ui.phase("Ready");
    await expect(ui.page.getByText("All 2 groups ready, 8 pods on 8 GPUs, revision 1.")).toBeVisible();
    await expect(ui.row(new RegExp(`${NAME}-0 Ready 4/4 sandbox-racks/`))).toBeVisible();
    await expect(ui.row(new RegExp(`${NAME}-1 Ready 4/4 sandbox-racks/`))).toBeVisible();
  });

  test("scales groups and a role with the steppers, and takes one step back", async ({ app }) => {
    const before = (await app.sandbox().pods("default", NAME)).map((pod) => pod.metadata.uid);
    await ui.button("More: groups").click();
    const toast = ui.page.getByRole("dialog", { name: "Groups: 2 to 3" });
    await toast.getByRole("button", { name: "Undo" }).click();
    await expect(ui.page.getByRole("textbox", { name: "groups", exact: true })).toHaveValue("2");
    await ui.button("More: groups").click();
    await ui.button("More: decode pods per group").click();
    await ui.button("More: decode pods per group").click();
    await expect(ui.page.getByText("3 of 3 ready")).toBeVisible({ timeout: 90_000 });
    await expect(ui.page.getByText("12 of 12 ready")).toBeVisible({ timeout: 90_000 });
    await ui.phase("Ready");
    const after = new Set((await app.sandbox().pods("default", NAME)).map((pod) => pod.metadata.uid));
    expect(before.filter((uid) => !after.has(uid))).toEqual([]);
  });

  test("opens a pod and reads what its containers are told about the others", async () => {
    await ui
      .row(new RegExp(`${NAME}-0 Ready`))
      .getByRole("button", { name: `Open ${NAME}-0` })
      .click();
    await ui
      .row(/^Open decode/)
      .first()
      .getByRole("button")
      .click();
    await ui
      .row(/^decode-3/)
      .first()
      .click();
    const panel = ui.page.getByRole("complementary", { name: "Details" });
    await expect(panel.getByRole("heading", { name: "decode-3" })).toBeVisible();
    await expect(panel).toContainText("running, ready");
    await panel.getByRole("button", { name: "Discovery" }).click();
    const file = panel.getByRole("region", { name: "Discovery file" });
    await expect(file).toContainText(`${NAME}-0-prefill-1.s-${NAME}-0-prefill.default.svc`);
    await expect(file).toContainText(`${NAME}-0-decode-3.s-${NAME}-0-decode.default.svc`);
    const env = panel.getByRole("region", { name: "Environment" });
    await expect(env).toContainText("ROLES_DECODE_SIZE");
    await expect(env).toContainText("ROLES_PREFILL_0_HTTP_PORT");
    await panel.getByRole("button", { name: "Close" }).click();
  });

  test("changes the image in the designer; the rollout can be paused and goes on", async () => {
    await ui.page.getByRole("link", { name: "Edit" }).click();
    await ui.card("decode").click();
    await ui.inspector.getByLabel("Image").fill("lmsysorg/sglang:v0.5.10");
    await ui.inspector.getByLabel("Image").blur();
    await expect(ui.line("lmsysorg/sglang:v0.5.10")).toBeVisible();
    await expect(ui.line("replicas: 3 # groups")).toBeVisible();
    await ui.preview();
    await expect(ui.table("Groups").getByText("Restarts")).toHaveCount(3);
    await expect(ui.apply).toHaveText("Apply revision 2");
    await ui.apply.click();
    await ui.phase("Updating");
    await ui.button("Pause").click();
    await expect(ui.button("Resume")).toBeVisible();
    const track = ui.page.getByRole("group", { name: "Rollout by group" });
    await expect(track.getByRole("button", { name: /revision 2/ })).toHaveCount(1, { timeout: 60_000 });
    await ui.showList();
    await expect(ui.row(new RegExp(`${NAME}-2 Ready`))).toBeVisible({ timeout: 60_000 });
    await expect(ui.row(new RegExp(`${NAME}-0 Ready`))).toBeVisible();
    await ui.button("Resume").click();
    await ui.phase("Ready", 120_000);
    await expect(ui.page.getByText(/Every group is on revision 2/)).toBeVisible();
  });

  test("rolls back to the first revision", async () => {
    await ui.tab(/^Rollouts/);
    const first = ui.table("Revisions").getByRole("row", { name: /^1 / });
    await first.getByRole("button", { name: "Roll back…" }).click();
    await ui.confirm("Roll back to 1");
    await expect(ui.page.getByText(/Every group is on revision 3/)).toBeVisible({ timeout: 120_000 });
    await ui.phase("Ready");
  });

  test("fails a container: its group recovers as one, and the timeline says why", async () => {
    await ui.tab(/^Topology/);
    await ui.showList();
    await ui.sandboxBar.getByRole("button", { name: "Fail a container…" }).click();
    await ui.dialog.getByLabel("Pod").selectOption({ label: `${NAME}-1-decode-0 (ready)` });
    await ui.confirm("Fail container");
    await expect(ui.row(new RegExp(`${NAME}-1 (Recovering|Starting)`))).toContainText(/\w+ \w+ \w+/);
    await ui.phase("Ready");
    await ui.tab(/^Timeline/);
    await expect(
      ui.page
        .getByRole("listitem")
        .filter({ hasText: /decode-0.*137/ })
        .first(),
    ).toBeVisible();
  });

  test("deletes it by its typed name, and nothing is left", async ({ app }) => {
    await ui.button("More actions").click();
    await ui.page.getByRole("menuitem", { name: "Delete set…" }).click();
    const confirm = ui.dialog.getByRole("button", { name: "Delete set" });
    await expect(confirm).toHaveAttribute("aria-disabled", "true");
    await ui.dialog.getByRole("textbox").fill(NAME);
    await ui.confirm("Delete set");
    await expect(ui.page.getByText(`${NAME} was deleted.`)).toBeVisible({ timeout: 90_000 });
    const left = await app.sandbox().objectsOf("default", NAME);
    expect(Object.values(left).flat()).toEqual([]);
  });
});
