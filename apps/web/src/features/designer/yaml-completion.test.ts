import { CompletionContext } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { describe, expect, test } from "vitest";
import { completeYaml, pathAt } from "./yaml-completion.ts";

/** Completes at the bar. */
function complete(marked: string, isExplicit = false): readonly string[] {
  const pos = marked.indexOf("|");
  const state = EditorState.create({ doc: marked.replace("|", "") });
  return completeYaml(new CompletionContext(state, pos, isExplicit))?.options.map((option) => option.label) ?? [];
}

describe("field names", () => {
  test("of the top", () => {
    expect(complete("sp|")).toEqual(expect.arrayContaining(["apiVersion", "kind", "metadata", "spec"]));
  });

  test("of a section", () => {
    expect(complete("spec:\n  re|")).toEqual(
      expect.arrayContaining(["replicas", "groupTemplate", "placement", "rollout"]),
    );
  });

  test("of a role, also on the line of its dash", () => {
    const before = "spec:\n  groupTemplate:\n    roles:\n";
    expect(complete(`${before}      - ro|`)).toEqual(expect.arrayContaining(["role", "dependencies", "template"]));
    expect(complete(`${before}      - role: a\n        dep|`)).toContain("dependencies");
  });

  test("of a container", () => {
    expect(
      complete(
        "spec:\n  groupTemplate:\n    roles:\n      - role: a\n        template:\n          spec:\n            containers:\n              - name: x\n                im|",
      ),
    ).toContain("image");
  });

  test("nothing is offered unasked on an empty line, everything when asked", () => {
    expect(complete("spec:\n  |")).toEqual([]);
    expect(complete("spec:\n  |", true)).toContain("replicas");
  });

  test("nothing where the schema knows nothing", () => {
    expect(complete("nonsense:\n  fo|")).toEqual([]);
  });
});

describe("values", () => {
  test("of a closed set", () => {
    expect(complete("spec:\n  startupPolicy: |")).toEqual(["Ordered", "Parallel"]);
  });

  test("of a truth", () => {
    expect(complete("spec:\n  rollout:\n    paused: t|")).toEqual(["true", "false"]);
  });

  test("none for free text", () => {
    expect(complete("metadata:\n  name: x|")).toEqual([]);
  });
});

test("the path is read from indentation, past comments and earlier siblings", () => {
  const state = EditorState.create({
    doc: "spec: # here\n  replicas: 2\n  # a comment\n  groupTemplate:\n    roles:\n    - role: a\n      replicas: 1\n      ",
  });
  expect(pathAt(state, 8, 6)).toEqual(["spec", "groupTemplate", "roles"]);
});
