import { expect, type Locator, type Page } from "@playwright/test";

/** The console as a person works it: what is on the screen, by its words. */
export class Console {
  readonly page: Page;
  constructor(page: Page) {
    this.page = page;
  }

  get editor(): Locator {
    return this.page.getByRole("textbox", { name: "Definition as YAML" });
  }
  get inspector(): Locator {
    return this.page.getByRole("complementary", { name: /^Inspector of/ });
  }
  get list(): Locator {
    return this.page.getByRole("treegrid", { name: "Groups, roles and pods" });
  }
  get sandboxBar(): Locator {
    return this.page.getByRole("region", { name: /^Sandbox: rehearse trouble/ });
  }
  /** What waits for an answer; toasts are dialogs too, but never modal. */
  get dialog(): Locator {
    return this.page.getByRole("dialog").and(this.page.locator(":not([aria-modal=false])"));
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }
  line(text: string | RegExp): Locator {
    return this.editor.locator(".cm-line").filter({ hasText: text });
  }
  row(name: string | RegExp): Locator {
    return this.list.getByRole("row", { name });
  }
  card(role: string): Locator {
    return this.page.getByRole("group", { name: new RegExp(`^Role ${role},`) });
  }

  table(name: string): Locator {
    return this.page.getByRole("region", { name, exact: true }).getByRole("table");
  }

  /** Replaces what is in the editor by a real paste. */
  async paste(yaml: string): Promise<void> {
    await this.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await this.editor.click();
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), yaml);
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.press("ControlOrMeta+V");
    await expect(this.line(yaml.split("\n")[0] ?? "")).toBeVisible();
  }

  /** A new set in the designer, without the draft of an earlier test. */
  async newSet(yaml?: string): Promise<void> {
    await this.page.goto("/sets/new");
    await expect(this.editor).toBeVisible();
    if (yaml !== undefined) await this.paste(yaml);
  }

  async preview(): Promise<void> {
    await this.button("Preview").click();
    await expect(this.page.getByText("preview, nothing is written")).toBeVisible();
  }

  /** The button of the preview that writes. */
  get apply(): Locator {
    return this.page.getByRole("complementary", { name: "Apply" }).getByRole("button", { name: /^(Create|Apply)/ });
  }

  /** Draws an arrow from a role to the one that is to wait for it, and holds it there until `release`. */
  async drawArrow(from: string, to: string): Promise<{ release: () => Promise<void> }> {
    const { mouse } = this.page;
    await this.card(from).locator(".react-flow__handle.source").hover();
    await mouse.down();
    const target = await this.card(to).locator(".react-flow__handle.target").boundingBox();
    if (target === null) throw new Error(`the card of ${to} is not drawn`);
    await mouse.move(target.x + target.width / 2, target.y + target.height / 2, { steps: 12 });
    return { release: () => mouse.up() };
  }

  /** Opens a tab of the set page. */
  async tab(name: RegExp): Promise<void> {
    await this.page.getByRole("tab", { name }).click();
  }

  async showList(): Promise<void> {
    await this.page.getByRole("group", { name: "Arrange" }).getByRole("button", { name: "List" }).click();
    await expect(this.list).toBeVisible();
  }

  /** Waits for a word beside the name of what the page is about. */
  async phase(word: string, timeoutMs = 90_000): Promise<void> {
    const head = this.page.getByRole("heading", { level: 1 }).locator("..");
    await expect(head.getByText(word, { exact: true })).toBeVisible({ timeout: timeoutMs });
  }

  async confirm(name: string | RegExp): Promise<void> {
    await this.dialog.getByRole("button", { name }).click();
    await expect(this.dialog).toBeHidden();
  }
}
