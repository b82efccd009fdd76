import { describe, expect, it } from "vitest";
import { parseContexts } from "./kubeconfig-contexts.ts";

describe("parseContexts", () => {
  it("lists contexts in their order and the current one", () => {
    const text = "contexts:\n- name: west\n- name: north\n  context: {}\ncurrent-context: north\n";
    expect(parseContexts(text)).toEqual({ contexts: ["west", "north"], current: "north" });
  });

  it("has no current context when the named one does not exist", () => {
    expect(parseContexts("contexts: [{ name: west }]\ncurrent-context: gone\n")).toEqual({
      contexts: ["west"],
      current: null,
    });
  });

  it.each([["not yaml: ["], ["just text"], ["[]"], ["contexts: west"], ["a: &a [x]\ncontexts: [*a, *a]\n"]])(
    "refuses %j",
    (text) => {
      expect(parseContexts(text)).toBeNull();
    },
  );
});
