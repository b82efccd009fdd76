import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { Console } from "./console.ts";
import { expect, type OpenPatio, test } from "./openpatio.ts";
import { demoYaml } from "./story.ts";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
const YAML = demoYaml("drawn").replace("dependencies: [prefill]", "dependencies: [prefill] # waits for both");

async function designing(page: Page, app: OpenPatio, yaml: string): Promise<Console> {
  const ui = new Console(page);
  await page.goto(`${app.url}/sets/new`);
  await ui.paste(yaml);
  return ui;
}

test("edits of the form change the YAML and keep its comments; undo takes them back", async ({ page, app }) => {
  const ui = await designing(page, app, YAML);
  await ui.card("decode").click();
  await ui.inspector.getByRole("button", { name: "More: Pods of decode per group" }).click();
  await expect(ui.line("replicas: 3")).toBeVisible();
  await ui.inspector.getByLabel("Image").fill("example/engine:2");
  await ui.inspector.getByLabel("Image").press("Enter");
  await expect(ui.line("image: example/engine:2")).toBeVisible();
  await expect(ui.line("replicas: 2 # groups")).toBeVisible();
  await expect(ui.line("dependencies: [prefill] # waits for both")).toBeVisible();
  await expect(ui.card("decode")).toContainText("engine:2");
  await ui.button("Undo").click();
  await ui.button("Undo").click();
  await expect(ui.line("replicas: 3")).toBeHidden();
  await expect(ui.page.getByRole("group", { name: "Role decode, 2 pods" })).toBeVisible();
});

test("a multi-node template is drawn as instances, and what the form sets is in the YAML", async ({ page, app }) => {
  const ui = new Console(page);
  await page.goto(`${app.url}/sets/new?template=pick`);
  await ui.dialog.getByRole("button", { name: /^Multi-node/ }).click();
  await expect(page.getByText("One group: 4 pods, 32 GPUs, in one rack.")).toBeVisible();
  await page.getByRole("group", { name: "Role decode, 1 × 2 pods" }).click();
  await ui.inspector.getByRole("button", { name: "More: Pods per instance of decode" }).click();
  await expect(page.getByRole("group", { name: "Role decode, 1 × 3 pods" })).toBeVisible();
  await ui.inspector.getByRole("button", { name: "Give workers a template of their own" }).click();
  await ui.inspector.getByLabel("Image").fill("example/worker:1");
  await ui.inspector.getByLabel("Image").press("Enter");
  await expect(ui.line("image: example/worker:1")).toBeVisible();
  await expect(page.getByRole("list", { name: "Problems" })).toBeHidden();
});

test("edits of the YAML appear on the canvas", async ({ page, app }) => {
  const ui = await designing(page, app, YAML);
  const router = `      - role: router
        dependencies: [decode]
        template: { spec: { containers: [{ name: router, image: "example/router:1" }] } }
  placement:`;
  await ui.paste(YAML.replace("  placement:", router));
  await expect(ui.card("router")).toBeVisible();
  await expect(page.getByText("when decode is ready")).toBeVisible();
  await expect(page.getByText("One group: 5 pods, 4 GPUs, in one rack.")).toBeVisible();
});

test("an arrow that would close a ring is refused while it is drawn, and named", async ({ page, app }) => {
  const ui = await designing(page, app, YAML);
  const arrow = await ui.drawArrow("decode", "prefill");
  await expect(page.getByText(/Refused, a cycle: .*prefill.*decode|Refused, a cycle: .*decode.*prefill/)).toBeVisible();
  await arrow.release();
  await expect(page.getByText("Refused, a cycle")).toBeHidden();
  await ui.card("prefill").click();
  await expect(ui.inspector).toContainText("Waits for");
  await expect(ui.inspector.getByRole("option", { name: /^decode \(a cycle:/ })).toBeDisabled();
  await expect(ui.line("dependencies:")).toHaveCount(1);
});

test("an arrow that is drawn makes a role wait", async ({ page, app }) => {
  const ui = await designing(page, app, YAML.replace("        dependencies: [prefill] # waits for both\n", ""));
  await expect(page.getByText("when prefill is ready")).toBeHidden();
  const arrow = await ui.drawArrow("prefill", "decode");
  await arrow.release();
  await expect(page.getByText("when prefill is ready")).toBeVisible();
  await expect(ui.line("prefill").last()).toBeVisible();
});

test("an unknown role is marked on the card, in the form and in the text, and the offered fix works", async ({
  page,
  app,
}) => {
  const ui = await designing(page, app, YAML.replace("[prefill]", "[prefil]"));
  await expect(page.getByRole("group", { name: "Role decode, 2 pods, has problems" })).toBeVisible();
  await expect(ui.editor.locator(".cm-lintRange-error")).toHaveText("prefil");
  await expect(ui.button("Preview")).toHaveAttribute("aria-disabled", "true");
  await ui.button("1 problem").click();
  await expect(ui.inspector).toHaveAccessibleName("Inspector of role decode");
  await ui.inspector.getByRole("button", { name: "Use prefill" }).click();
  await expect(ui.line("dependencies: [prefill] # waits for both")).toBeVisible();
  await expect(ui.editor.locator(".cm-lintRange-error")).toHaveCount(0);
  await expect(ui.button("Preview")).not.toHaveAttribute("aria-disabled", "true");
});

test("an unknown field is marked with its line and the field that was meant", async ({ page, app }) => {
  const ui = await designing(page, app, YAML.replace("        replicas: 2\n", "        replica: 2\n"));
  const problem = page.getByRole("list", { name: "Problems" }).getByRole("listitem");
  await expect(problem).toHaveCount(1);
  await expect(problem).toContainText("spec.groupTemplate.roles[0].replica");
  await expect(problem).toContainText("line 11");
  await expect(problem).toContainText("replicas");
  await expect(ui.card("prefill")).toHaveAccessibleName(/has problems/);
});

test("broken YAML is marked where it breaks and the canvas says that it waits", async ({ page, app }) => {
  const ui = await designing(page, app, `${YAML}  broken: [1, 2\n`);
  await expect(page.getByRole("list", { name: "Problems" })).toContainText(/line \d+/);
  await expect(ui.button("Preview")).toHaveAttribute("aria-disabled", "true");
});

test("every template is valid as it is", async ({ page, app }) => {
  const ui = new Console(page);
  await page.goto(`${app.url}/sets/new?template=pick`);
  const templates = ui.dialog.getByRole("listitem").getByRole("button");
  await expect(templates.first()).toBeVisible();
  const count = await templates.count();
  expect(count).toBeGreaterThanOrEqual(3);
  for (let i = 0; i < count; i++) {
    if (i > 0) await ui.button("Templates").click();
    await templates.nth(i).click();
    await expect(ui.dialog).toBeHidden();
    await expect(ui.button("Preview")).not.toHaveAttribute("aria-disabled", "true");
    await expect(page.getByRole("list", { name: "Problems" })).toBeHidden();
  }
  await ui.preview();
});

test("a draft is kept in this browser until it is applied or discarded", async ({ page, app }) => {
  const ui = await designing(page, app, YAML);
  await expect(page.getByText("kept in this browser")).toBeVisible();
  await page.reload();
  await expect(ui.line("name: drawn")).toBeVisible();
  await page.getByRole("button", { name: "Discard" }).click();
  await expect(ui.line("name: drawn")).toBeHidden();
});

test("what the cluster refuses stands in the preview at its path, and can't be applied", async ({ page, app }) => {
  const ui = await designing(
    page,
    app,
    YAML.replace("image: lmsysorg/sglang:v0.5.9", "image: x\n                imagePullPolicy: Sometimes"),
  );
  await ui.button("Preview").click();
  await expect(
    page.getByText("spec.groupTemplate.roles[0].template.spec.containers[0].imagePullPolicy").first(),
  ).toBeVisible();
  await expect(ui.apply).toHaveAttribute("aria-disabled", "true");
  expect(await app.query("sets.list")).toEqual([]);
});

test.describe("files of another dialect", () => {
  test.beforeAll(({ app }) => app.clear());
  test.afterAll(({ app }) => app.clear());

  for (const [file, name, report, groups] of [
    ["basic--rbgs--rbgs-base.yaml", "rbgs-base", "standalonePattern", 2],
    ["inference--pd-disagg-standalone.yaml", "sglang-pd-inference", "s-sglang-pd-inference-0-prefill", 1],
  ] as const) {
    test(`${file} is imported with a report, and runs`, async ({ page, app }) => {
      const ui = new Console(page);
      await page.goto(`${app.url}/sets/new?import=1`);
      await ui.dialog.getByLabel("YAML").fill(fixture(file));
      await ui.dialog.getByRole("button", { name: "Read it" }).click();
      await expect(ui.dialog.getByRole("heading", { name: "What was done to it" })).toBeVisible();
      await expect(ui.dialog).toContainText(report);
      await ui.dialog.getByRole("button", { name: `Edit ${name}` }).click();
      await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
      await ui.preview();
      await ui.apply.click();
      await ui.phase("Ready", 150_000);
      const { rbg } = await app.sandbox().objectsOf("default", name);
      expect(rbg).toHaveLength(groups);
    });
  }
});
