import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { Console } from "./console.ts";
import { expect, type OpenPatio, test } from "./openpatio.ts";
import { demoYaml } from "./story.ts";

type State = { readonly detail: { readonly phase: string; readonly rollout: { readonly isActive: boolean } } };

const GIANT = demoYaml("waits-for-room").replaceAll('nvidia.com/gpu: "1"', 'nvidia.com/gpu: "9"');

/** Every screen: its address, what tells that it is drawn, and what has to be pressed to get there. */
const SCREENS: readonly {
  readonly name: string;
  readonly path: string;
  readonly seen: string | RegExp;
  readonly act?: (ui: Console) => Promise<void>;
}[] = [
  { name: "overview", path: "/", seen: "Needs attention" },
  { name: "sets", path: "/sets", seen: "waits-for-room" },
  { name: "set", path: "/sets/default/shown", seen: "Every group is on revision 2" },
  { name: "set-cluster", path: "/sets/default/shown?view=cluster", seen: "Every group is on revision 2" },
  { name: "set-list", path: "/sets/default/shown?view=list", seen: "shown-1" },
  { name: "set-unplaced", path: "/sets/default/waits-for-room?group=0", seen: /No node can hold/ },
  { name: "set-group", path: "/sets/default/shown?group=0", seen: "Why here" },
  { name: "set-pod", path: "/sets/default/shown?pod=shown-0-decode-0", seen: "Containers" },
  {
    name: "set-logs",
    path: "/sets/default/shown?pod=shown-0-decode-0",
    seen: /lines?, following/,
    act: (ui) => ui.button("Logs").click(),
  },
  { name: "set-groups", path: "/sets/default/shown?tab=groups", seen: "shown-1" },
  { name: "set-rollouts", path: "/sets/default/shown?tab=rollouts", seen: "last good" },
  { name: "set-timeline", path: "/sets/default/shown?tab=timeline", seen: /incarnation|inc 1/ },
  { name: "set-discovery", path: "/sets/default/shown?tab=discovery", seen: "ROLES_PREFILL_SIZE" },
  { name: "set-yaml", path: "/sets/default/shown?tab=yaml", seen: /RoleBasedGroupSet/ },
  { name: "edit", path: "/sets/default/shown/edit", seen: "when prefill is ready" },
  {
    name: "edit-role",
    path: "/sets/default/shown/edit",
    seen: "Waits for",
    act: (ui) => ui.card("decode").click(),
  },
  {
    name: "preview",
    path: "/sets/default/waits-for-room/edit",
    seen: "preview, nothing is written",
    act: (ui) => ui.button("Preview").click(),
  },
  { name: "new", path: "/sets/new", seen: "Nothing here yet" },
  { name: "templates", path: "/sets/new?template=pick", seen: "Start from a template" },
  { name: "import", path: "/sets/new?import=1", seen: "Import manifests" },
  { name: "clusters", path: "/clusters", seen: "2 of 2 answer." },
  { name: "register", path: "/clusters?register=1", seen: "The kubeconfig is stored encrypted" },
  { name: "cluster", path: "/clusters/sandbox-racks", seen: "Groups here" },
  {
    name: "cluster-labels",
    path: "/clusters/sandbox-racks",
    seen: "Sets may choose their clusters by labels",
    act: (ui) => ui.page.getByRole("region", { name: "Labels" }).getByRole("button", { name: "Edit…" }).click(),
  },
  { name: "cluster-room", path: "/clusters/sandbox-racks?view=room", seen: "Groups here" },
  { name: "activity", path: "/activity", seen: /shown/ },
  { name: "settings", path: "/settings", seen: "running for" },
  { name: "palette", path: "/", seen: "Theme: dark", act: (ui) => ui.button("Search or jump").click() },
  { name: "missing", path: "/no/such/page", seen: /./ },
];

async function audit(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.any[0]?.message ?? ""}`),
  );
}

/** Pixels by which the page itself can be scrolled sideways. */
const sideways = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function prepare(app: OpenPatio): Promise<void> {
  await app.clear();
  const yaml = demoYaml("shown");
  await app.mutate("sets.apply", { yaml: GIANT, cluster: "sandbox-racks" });
  const key = { namespace: "default", name: "shown" };
  const isSettled = async () => {
    const { detail } = await app.query<State>("sets.get", key);
    return detail.phase === "Ready" && !detail.rollout.isActive;
  };
  await app.mutate("sets.apply", { yaml, cluster: "sandbox-racks" });
  await app.until(isSettled, "the set to be Ready");
  await app.mutate("sets.apply", { yaml: yaml.replaceAll("v0.5.9", "v0.5.10") });
  await app.until(isSettled, "the rollout to end");
}

test.describe("every screen", () => {
  test.beforeAll(async ({ app }) => {
    test.setTimeout(240_000);
    await prepare(app);
  });
  test.afterAll(({ app }) => app.clear());

  for (const width of [1440, 390]) {
    for (const colorScheme of ["light", "dark"] as const) {
      test(`is accessible and fits, ${colorScheme}, ${width} px wide`, async ({ browser, app }) => {
        test.setTimeout(300_000);
        const context = await browser.newContext({
          baseURL: app.url,
          viewport: { width, height: width === 390 ? 844 : 960 },
          colorScheme,
          reducedMotion: "reduce",
        });
        const page = await context.newPage();
        const ui = new Console(page);
        const wrong: string[] = [];
        page.on("pageerror", (error) => wrong.push(`error on ${page.url()}: ${error.message}`));
        page.on("console", (message) => {
          if (message.type() === "error" && !page.url().endsWith("/no/such/page")) {
            wrong.push(`console on ${page.url()}: ${message.text()}`);
          }
        });
        for (const { name, path, seen, act } of SCREENS) {
          await page.goto(path);
          await act?.(ui);
          const isSeen = await expect
            .soft(page.getByText(seen).locator("visible=true").first(), `${name} shows ${String(seen)}`)
            .toBeVisible()
            .then(() => true);
          if (isSeen) for (const line of await audit(page)) wrong.push(`${name}: ${line}`);
          const overflow = await sideways(page);
          if (overflow > 0) wrong.push(`${name}: the page scrolls sideways by ${overflow} px`);
          await page.screenshot({ path: `screenshots/${name}-${colorScheme}-${width}.png` });
        }
        await context.close();
        expect(wrong).toEqual([]);
      });
    }
  }
});
