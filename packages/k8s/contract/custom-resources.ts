import type { KubeObject } from "@openpatio/core/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiError } from "../src/kube/api-error.ts";
import type { ApiRequest } from "../src/kube/connection.ts";
import { eventually, type World } from "./world.ts";

/**
 * What an API server does with objects of a CustomResourceDefinition. Gadgets are of a definition of this suite, which has
 * one field for each thing to show.
 */

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const NOT_CHECKED =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

const rules = (...list: readonly Readonly<Record<string, string>>[]) => ({ "x-kubernetes-validations": list });

const GADGET_SPEC = {
  type: "object",
  required: ["size"],
  ...rules(
    {
      rule: "!has(self.least) || self.size >= self.least",
      messageExpression: "'size is below the least of ' + (has(self.name) ? self.name : 'all')",
      fieldPath: ".size",
    },
    { rule: "!has(self.name) || self.name != 'taken'", reason: "FieldValueDuplicate", message: "it is taken" },
    { rule: "!has(self.labels) || self.labels['a'] != 'x'", message: "a may not be x" },
  ),
  properties: {
    size: { type: "integer", minimum: 0, maximum: 100, description: "How large it is." },
    least: { type: "integer" },
    mode: { type: "string", enum: ["Slow", "Fast"], default: "Slow" },
    name: { type: "string", pattern: "^[a-z]*$", minLength: 2, maxLength: 8 },
    ratio: { type: "number", minimum: 0.5 },
    port: { "x-kubernetes-int-or-string": true },
    note: { type: "string", nullable: true },
    at: { type: "string", format: "date-time" },
    frozen: { type: "string", ...rules({ rule: "self == oldSelf", message: "it cannot be changed" }) },
    tags: { type: "array", maxItems: 3, items: { type: "string" }, "x-kubernetes-list-type": "set" },
    parts: {
      type: "array",
      maxItems: 5,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["id"],
      items: {
        type: "object",
        required: ["id"],
        properties: {
          id: { type: "string" },
          count: { type: "integer", default: 1, ...rules({ rule: "self >= oldSelf" }) },
        },
      },
    },
    labels: { type: "object", maxProperties: 2, additionalProperties: { type: "string" } },
    nested: { type: "object", properties: { depth: { type: "integer", default: 7 } } },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
};

function gadgetDefinition(group: string) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `gadgets.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind: "Gadget", listKind: "GadgetList", plural: "gadgets", singular: "gadget", shortNames: ["gdg"] },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: ".spec.size",
              statusReplicasPath: ".status.size",
              labelSelectorPath: ".status.selector",
            },
          },
          additionalPrinterColumns: [
            { name: "Size", type: "integer", jsonPath: ".spec.size", description: "How large." },
            { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            { name: "Mode", type: "string", jsonPath: ".spec.mode", priority: 1 },
            { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
          ],
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: "Something to try.",
              ...rules({ rule: "self.metadata.name.size() < 20", message: "the name is too long" }),
              properties: {
                spec: GADGET_SPEC,
                status: {
                  type: "object",
                  properties: {
                    size: { type: "integer" },
                    selector: { type: "string" },
                    conditions: {
                      type: "array",
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["type"],
                      items: {
                        type: "object",
                        required: ["type"],
                        properties: { type: { type: "string" }, status: { type: "string" } },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      ],
    },
  };
}

type Spec = Readonly<Record<string, unknown>>;
type Sent = Omit<ApiRequest, "path">;

export function describeCustomResources(world: () => World): void {
  let group = "";
  beforeAll(async () => {
    const w = world();
    group = `${w.namespace}.example.com`;
    await w.others.send({ method: "POST", body: gadgetDefinition(group) }, DEFINITIONS);
    await eventually(() =>
      w.others.list(`/apis/${group}/v1/gadgets`).then(
        () => true,
        (error: unknown) => String(error),
      ),
    );
  });
  afterAll(() => world().others.remove(`${DEFINITIONS}/gadgets.${group}`));

  const path = (name = "", sub = "") =>
    `/apis/${group}/v1/namespaces/${world().namespace}/gadgets${name === "" ? "" : `/${name}`}${sub}`;
  const send = async (request: Sent, at: string): Promise<KubeObject> =>
    (await world().others.send({ query: { fieldManager: "a" }, ...request }, at)) as KubeObject;
  const gadget = (name: string, spec: Spec): KubeObject => ({
    apiVersion: `${group}/v1`,
    kind: "Gadget",
    metadata: { name, namespace: world().namespace },
    spec,
  });
  const make = (name: string, spec: Spec): Promise<KubeObject> =>
    send({ method: "POST", body: gadget(name, spec) }, path());
  const merge = (name: string, body: unknown, sub = ""): Promise<KubeObject> =>
    send({ method: "PATCH", contentType: "application/merge-patch+json", body }, path(name, sub));
  const applied = (manager: string, name: string, spec: Spec, force = false): Promise<KubeObject> =>
    send(
      {
        method: "PATCH",
        contentType: "application/apply-patch+yaml",
        query: { fieldManager: manager, ...(force ? { force: "true" } : {}) },
        body: gadget(name, spec),
      },
      path(name),
    );
  /** The text of a refusal behind its subject. */
  const refusal = async (answer: Promise<unknown>): Promise<string> => {
    const error = await answer.then(
      () => null,
      (caught: unknown) => caught,
    );
    if (!(error instanceof ApiError)) throw new Error(`it was not refused: ${String(error)}`);
    return error.message.replace(/^\S+ "[^"]*" is invalid: /, "");
  };

  describe("a value that the schema refuses", () => {
    const CASES: readonly (readonly [what: string, spec: Spec, says: string])[] = [
      ["a missing field", {}, `[spec.size: Required value, ${NOT_CHECKED}]`],
      [
        "too small",
        { size: -1 },
        "[spec.size: Invalid value: -1: spec.size in body should be greater than or equal to 0, .spec.size: Invalid value: -1: should be a non-negative integer]",
      ],
      [
        "too large",
        { size: 101 },
        "spec.size: Invalid value: 101: spec.size in body should be less than or equal to 100",
      ],
      [
        "text for a number",
        { size: "2" },
        `[spec.size: Invalid value: "string": spec.size in body must be of type integer: "string", .spec.size: Invalid value: 0: .spec.size accessor error: 2 is of the type string, expected int64, ${NOT_CHECKED}]`,
      ],
      [
        "a fraction for a whole number",
        { size: 1.5 },
        `[spec.size: Invalid value: "number": spec.size in body must be of type integer: "number", <nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.size, .spec.size: Invalid value: 0: .spec.size accessor error: 1.5 is of the type float64, expected int64, ${NOT_CHECKED}]`,
      ],
      [
        "a fraction that is too small",
        { size: 1, ratio: 0.25 },
        "spec.ratio: Invalid value: 0.25: spec.ratio in body should be greater than or equal to 0.5",
      ],
      [
        "none of the values",
        { size: 1, mode: "Medium" },
        `[spec.mode: Unsupported value: "Medium": supported values: "Slow", "Fast", ${NOT_CHECKED}]`,
      ],
      [
        "a pattern",
        { size: 1, name: "Ab" },
        `spec.name: Invalid value: "Ab": spec.name in body should match '^[a-z]*$'`,
      ],
      [
        "too short",
        { size: 1, name: "a" },
        'spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long',
      ],
      [
        "too long",
        { size: 1, name: "abcdefghi" },
        `[spec.name: Too long: may not be more than 8 bytes, ${NOT_CHECKED}]`,
      ],
      [
        "neither number nor text",
        { size: 1, port: true },
        `[spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean", ${NOT_CHECKED}]`,
      ],
      [
        "no time",
        { size: 1, at: "noon" },
        `[spec.at: Invalid value: "noon": spec.at in body must be of type date-time: "noon", ${NOT_CHECKED}]`,
      ],
      [
        "too many items",
        { size: 1, tags: ["a", "b", "c", "d"] },
        `[spec.tags: Too many: 4: must have at most 3 items, ${NOT_CHECKED}]`,
      ],
      ["twice in a set", { size: 1, tags: ["a", "a"] }, 'spec.tags[1]: Duplicate value: "a"'],
      [
        "the same key twice",
        { size: 1, parts: [{ id: "x" }, { id: "x", count: 2 }] },
        'spec.parts[1]: Duplicate value: {"id":"x"}',
      ],
      [
        "an item without its key",
        { size: 1, parts: [{ count: 2 }] },
        `[spec.parts[0].id: Required value, ${NOT_CHECKED}]`,
      ],
      [
        "too many entries",
        { size: 1, labels: { a: "1", b: "2", c: "3" } },
        `[spec.labels: Too many: 3: must have at most 2 items, ${NOT_CHECKED}]`,
      ],
      [
        "a number in a map of text",
        { size: 1, labels: { a: 1 } },
        `[spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer", ${NOT_CHECKED}]`,
      ],
      [
        "text for a list",
        { size: 1, tags: "a" },
        `[spec.tags: Invalid value: "string": spec.tags in body must be of type array: "string", ${NOT_CHECKED}]`,
      ],
      [
        "text for an object",
        { size: 1, nested: "a" },
        `[spec.nested: Invalid value: "string": spec.nested in body must be of type object: "string", ${NOT_CHECKED}]`,
      ],
      [
        "a rule, in words of its own",
        { size: 1, least: 2 },
        "spec.size: Invalid value: size is below the least of all",
      ],
      ["a rule with another reason", { size: 1, name: "taken" }, "spec: Duplicate value"],
      [
        "a rule that has no value",
        { size: 1, labels: { b: "1" } },
        'spec: Invalid value: "object": no such key: a evaluating rule: a may not be x',
      ],
    ];
    test.each(CASES)("%s", async (_, spec, says) => {
      expect(await refusal(make("refused", spec))).toBe(says);
    });

    test("a rule of the whole object, and one without words", async () => {
      expect(await refusal(make("a-name-that-is-too-long", { size: 1 }))).toBe(
        "<nil>: Invalid value: the name is too long",
      );
      await make("shrinks", { size: 1, parts: [{ id: "x", count: 5 }] });
      expect(await refusal(merge("shrinks", { spec: { parts: [{ id: "x", count: 4 }] } }))).toBe(
        "spec.parts[0].count: Invalid value: 4: failed rule: self >= oldSelf",
      );
    });
  });

  test("defaults are filled in where their parent is, unknown fields go, null counts as absent", async () => {
    const sent = {
      size: 1,
      name: null,
      note: null,
      mode: null,
      bogus: 1,
      parts: [{ id: "x" }],
      nested: {},
      free: { a: 1 },
    };
    const stored = await make("filled", sent);
    expect(stored["spec"]).toEqual({
      size: 1,
      note: null,
      mode: "Slow",
      parts: [{ id: "x", count: 1 }],
      nested: { depth: 7 },
      free: { a: 1 },
    });
    const strict = { fieldManager: "a", fieldValidation: "Strict" };
    expect(
      await refusal(send({ method: "POST", query: strict, body: gadget("no", { size: 1, bogus: 1 }) }, path())),
    ).toBe('Gadget in version "v1" cannot be handled as a Gadget: strict decoding error: unknown field "spec.bogus"');
  });

  test("a definition whose rules are no expressions is refused, at the place of each", async () => {
    const rule = (text: string, more: object = {}) => ({
      type: "string",
      maxLength: 5,
      "x-kubernetes-validations": [{ rule: text, ...more }],
    });
    const definition = (spec: object) => {
      const sent = gadgetDefinition(`broken.${group}`);
      const [version] = sent.spec.versions;
      const schema = {
        openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: spec } } },
      };
      return { ...sent, spec: { ...sent.spec, versions: [{ ...version, schema }] } };
    };
    const problems = async (spec: object) => {
      const error = await send({ method: "POST", query: { dryRun: "All" }, body: definition(spec) }, DEFINITIONS).then(
        () => undefined,
        (refused: unknown) => refused,
      );
      expect(error).toBeInstanceOf(ApiError);
      const { causes } = error as ApiError;
      // An API server walks through the properties in no order.
      const inOrder = causes.toSorted((a, b) => a.field.localeCompare(b.field));
      return inOrder.map(({ field, message }) => [field, message.split(" Syntax error: ")[0]]);
    };
    const at = "spec.validation.openAPIV3Schema.properties[spec].properties";
    const shown = (text: string, message = "") =>
      `Invalid value: {"Rule":"${text}","Message":"","MessageExpression":"${message}","Reason":null,"FieldPath":"","OptionalOldSelf":null}`;
    expect(await problems({ a: rule("self =="), l: { type: "array", maxItems: 2, items: rule("(self") } })).toEqual([
      [`${at}[a].x-kubernetes-validations[0].rule`, `${shown("self ==")}: compilation failed: ERROR: <input>:1:8:`],
      [`${at}[l].items.x-kubernetes-validations[0].rule`, `${shown("(self")}: compilation failed: ERROR: <input>:1:6:`],
    ]);
    expect(await problems({ a: rule("self == 'a'", { messageExpression: "'a' +" }) })).toEqual([
      [
        `${at}[a].x-kubernetes-validations[0].messageExpression`,
        `${shown("self == 'a'", "'a' +")}: messageExpression compilation failed: ERROR: <input>:1:6:`,
      ],
    ]);
  });

  test("a rule about a change holds from the second write on; what did not change is not judged again", async () => {
    await make("frozen", { size: 5, frozen: "a", least: 3 });
    expect(await refusal(merge("frozen", { spec: { frozen: "b" } }))).toBe(
      'spec.frozen: Invalid value: "b": it cannot be changed',
    );
    expect((await merge("frozen", { spec: { size: 6 } }))["spec"]).toMatchObject({ size: 6, frozen: "a" });
    expect(await refusal(merge("frozen", { spec: { size: 2 } }))).toBe(
      "spec.size: Invalid value: size is below the least of all",
    );
  });

  test("only the spec counts as a generation, and status and spec have an endpoint each", async () => {
    const made = await make("generations", { size: 1 });
    expect(made.metadata.generation).toBe(1);
    const labelled = await merge("generations", { metadata: { labels: { a: "b" } }, status: { size: 9 } });
    expect(labelled.metadata.generation).toBe(1);
    expect(labelled["status"]).toBeUndefined();
    const shown = await merge("generations", { spec: { size: 7 }, status: { size: 9 } }, "/status");
    expect(shown.metadata.generation).toBe(1);
    expect([shown["spec"], shown["status"]]).toEqual([{ size: 1, mode: "Slow" }, { size: 9 }]);
    expect((await merge("generations", { spec: { size: 2 } })).metadata.generation).toBe(2);
    expect(await refusal(merge("generations", { status: { size: "x" } }, "/status"))).toBe(
      `[status.size: Invalid value: "string": size in body must be of type integer: "string", .status.size: Invalid value: 0: .status.size accessor error: x is of the type string, expected int64, ${NOT_CHECKED}]`,
    );
  });

  test("the scale subresource reads and writes the fields that the definition names", async () => {
    await make("scaled", { size: 3 });
    await merge("scaled", { status: { size: 2, selector: "a=b" } }, "/status");
    const scale = await send({ method: "GET" }, path("scaled", "/scale"));
    expect(scale).toMatchObject({
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      spec: { replicas: 3 },
      status: { replicas: 2, selector: "a=b" },
    });
    await merge("scaled", { spec: { replicas: 4 } }, "/scale");
    const after = await send({ method: "GET" }, path("scaled"));
    expect([after["spec"], after.metadata.generation]).toEqual([{ size: 4, mode: "Slow" }, 2]);
    expect(await refusal(merge("scaled", { spec: { replicas: -1 } }, "/scale"))).toBe(
      "[spec.size: Invalid value: -1: spec.size in body should be greater than or equal to 0, .spec.size: Invalid value: -1: should be a non-negative integer]",
    );
    expect(await refusal(merge("scaled", { spec: { replicas: 101 } }, "/scale"))).toBe(
      "spec.size: Invalid value: 101: spec.size in body should be less than or equal to 100",
    );
  });

  test("a finalizer holds a deleted object until it is taken away, and none is added then", async () => {
    await make("held", { size: 1 });
    await merge("held", { metadata: { finalizers: ["example.com/hold"] } });
    await world().others.remove(path("held"));
    const held = await send({ method: "GET" }, path("held"));
    expect(held.metadata.deletionTimestamp).toBeDefined();
    expect(held.metadata.generation).toBe(2);
    expect(await refusal(merge("held", { metadata: { finalizers: ["example.com/hold", "example.com/more"] } }))).toBe(
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/more"}',
    );
    expect((await merge("held", { spec: { size: 2 } }))["spec"]).toMatchObject({ size: 2 });
    await merge("held", { metadata: { finalizers: null } });
    expect(await refusal(send({ method: "GET" }, path("held")))).toBe(`gadgets.${group} "held" not found`);
  });

  test("server-side apply: two managers own items of one list by key, and differ only where both speak", async () => {
    await applied("one", "shared", { size: 1, parts: [{ id: "a", count: 2 }], labels: { a: "1" } });
    const both = await applied("two", "shared", { size: 1, parts: [{ id: "b" }], labels: { b: "2" } });
    expect(both["spec"]).toEqual({
      size: 1,
      mode: "Slow",
      parts: [
        { id: "a", count: 2 },
        { id: "b", count: 1 },
      ],
      labels: { a: "1", b: "2" },
    });
    expect(await refusal(applied("two", "shared", { size: 3, parts: [{ id: "a", count: 4 }] }))).toBe(
      `Apply failed with 2 conflicts: conflicts with "one":\n- .spec.size\n- .spec.parts[id="a"].count`,
    );
    const forced = await applied("two", "shared", { size: 3 }, true);
    expect(forced["spec"]).toEqual({ size: 3, mode: "Slow", parts: [{ id: "a", count: 2 }], labels: { a: "1" } });
    expect(await refusal(applied("two", "shared", { size: 3, least: 9 }))).toBe(
      "spec.size: Invalid value: size is below the least of all",
    );
  });

  test("a dry run answers as the write would, and changes nothing", async () => {
    const dry = { fieldManager: "a", dryRun: "All" };
    const answer = await send({ method: "POST", query: dry, body: gadget("dry", { size: 1 }) }, path());
    expect(answer["spec"]).toEqual({ size: 1, mode: "Slow" });
    expect(await refusal(send({ method: "GET" }, path("dry")))).toBe(`gadgets.${group} "dry" not found`);
    expect(
      await refusal(send({ method: "POST", query: dry, body: gadget("dry", { size: 1, name: "taken" }) }, path())),
    ).toBe("spec: Duplicate value");
    const before = await make("dry", { size: 1 });
    const patch = { method: "PATCH", contentType: "application/merge-patch+json", query: dry } as const;
    expect((await send({ ...patch, body: { spec: { size: 2 } } }, path("dry"))).metadata.generation).toBe(2);
    expect(await send({ method: "GET" }, path("dry"))).toEqual(before);
  });

  test("JSON patches work, strategic ones do not exist for custom resources", async () => {
    await make("patched", { size: 1, tags: ["a"] });
    const json = "application/json-patch+json";
    const body = [{ op: "add", path: "/spec/tags/-", value: "b" }];
    const patched = await send({ method: "PATCH", contentType: json, body }, path("patched"));
    expect(patched["spec"]).toEqual({ size: 1, mode: "Slow", tags: ["a", "b"] });
    const strategic = "application/strategic-merge-patch+json";
    expect(await refusal(send({ method: "PATCH", contentType: strategic, body: {} }, path("patched")))).toBe(
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    );
  });

  test("a table has the definition's columns, also one that looks for an item by its value", async () => {
    await make("table", { size: 4 });
    const conditions = [
      { type: "Other", status: "False" },
      { type: "Ready", status: "True" },
    ];
    await merge("table", { status: { conditions } }, "/status");
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const table = await world().others.send({ method: "GET", accept }, path("table"));
    const columns = table["columnDefinitions"] as readonly { name: string; priority: number; description: string }[];
    expect(columns.map(({ name, priority }) => [name, priority])).toEqual([
      ["Name", 0],
      ["Size", 0],
      ["Ready", 0],
      ["Mode", 1],
      ["Age", 0],
    ]);
    const [row] = table["rows"] as readonly { cells: readonly unknown[] }[];
    expect(row?.cells.slice(0, 4)).toEqual(["table", 4, "True", "Slow"]);
    expect(row?.cells[4]).toMatch(/^\d+s$/);
  });

  test("the OpenAPI document describes the fields", async () => {
    await eventually(async () => {
      const document = await world().others.send({ method: "GET" }, `/openapi/v3/apis/${group}/v1`);
      const text = JSON.stringify(document);
      return text.includes("How large it is.") && text.includes("Something to try.");
    });
  });
}
