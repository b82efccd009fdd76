import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type ImportedSet, importManifests, parseSetYaml } from "./index.ts";
import { formatPath, type Path } from "./path.ts";

const FILES = import.meta.glob("./fixtures/*.yaml", {
  query: "?raw",
  import: "default",
  eager: true,
});
const TEXTS = Object.values(FILES);

type Leaf = { readonly path: Path; readonly value: unknown };

function leaves(value: unknown, path: Path = []): readonly Leaf[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, [...path, index]));
  if (typeof value !== "object" || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]));
}

const nameOf = ({ path }: Leaf): unknown => path.findLast((part) => typeof part === "string");

/** Leaves of the input that are neither in the output nor in the report. */
function lost({ yaml, report }: ImportedSet, input: unknown): readonly string[] {
  const output = leaves(parseAllDocuments(yaml)[0]?.toJS() as unknown);
  const taken = new Set(output.map((leaf) => JSON.stringify([nameOf(leaf), leaf.value])));
  const isListed = (path: Path): boolean =>
    report.some(
      (note) =>
        !note.message.endsWith("was not taken over.") &&
        path.some((_, at) => formatPath(path.slice(0, at + 1)) === note.path),
    );
  const isRewritten = (value: unknown): boolean =>
    report.some(({ action, message }) => action === "rewritten" && message.startsWith(`${String(value)} → `));
  return leaves(input)
    .filter(({ value }) => !isRewritten(value))
    .filter((leaf) => !taken.has(JSON.stringify([nameOf(leaf), leaf.value])) && !isListed(leaf.path))
    .map(({ path }) => formatPath(path));
}

describe.each(Object.entries(FILES))("%s", (_, text) => {
  const result = importManifests(text);

  test("is imported whole: each document is a set or named", () => {
    const documents = parseAllDocuments(text).filter((document) => document.contents !== null);
    expect(result.problems).toEqual([]);
    expect(result.sets.length).toBeGreaterThan(0);
    const named = new Set([...result.sets, ...result.skipped].map(({ index }) => index));
    expect(named).toEqual(new Set(documents.keys()));
  });

  test("becomes sets that are valid", () => {
    for (const { yaml } of result.sets) expect(parseSetYaml(yaml)).toMatchObject({ ok: true });
  });

  test("loses no value in silence, and reads every one on purpose", () => {
    const documents = parseAllDocuments(text).map((document) => document.toJS() as unknown);
    for (const set of result.sets) {
      expect(lost(set, documents[set.index])).toEqual([]);
      expect(set.report.filter(({ message }) => message.endsWith("was not taken over."))).toEqual([]);
    }
  });
});

test("a value that nobody reads is named all the same", () => {
  const text = TEXTS.find((each) => each.includes("kind: RoleBasedGroupSet")) ?? "";
  const [set] = importManifests(text.replace("metadata:", "metadata:\n  odd: { deep: 7 }")).sets;
  expect(set?.report.map(({ path }) => path)).toContain("metadata.odd");
});

describe("whatever the text, nothing throws or takes long", { timeout: 120_000 }, () => {
  /** More of them: FUZZ_RUNS=100000. */
  const numRuns = Number(import.meta.env["FUZZ_RUNS"] ?? 250);
  /** A hundred times what the largest file of the corpus takes, so that a busy machine is not a failure. */
  const LIMIT_MS = 5000;

  function importFast(text: string): void {
    const startedAtMs = Date.now();
    const { sets, skipped } = importManifests(text);
    for (const { yaml, report } of sets) {
      parseSetYaml(yaml);
      expect(Array.isArray(report)).toBe(true);
    }
    for (const { reason } of skipped) expect(reason).not.toBe("");
    expect(Date.now() - startedAtMs).toBeLessThan(LIMIT_MS);
  }

  test("characters cut, inserted and repeated", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TEXTS),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(200),
        fc.oneof(
          fc.string({ maxLength: 20 }),
          fc.constantFrom("- ", "&a ", "*a", "<<: ", "---\n", "\t", "? ", "!!map "),
        ),
        (text, where, cut, insert) => {
          const at = Math.floor(where * text.length);
          importFast(text.slice(0, at) + insert + text.slice(at + cut));
        },
      ),
      { numRuns },
    );
  });

  test("values of a document replaced by others", () => {
    const documents = TEXTS.flatMap((text) => parseAllDocuments(text).map((each) => each.toJS() as unknown));
    fc.assert(
      fc.property(
        fc.constantFrom(...documents),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.nat(8),
        fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom("__proto__", "constructor", "", -1, 1e300, [[]], {})),
        (document, where, up, value) => {
          const all = leaves(document);
          const path = all[Math.floor(where * all.length)]?.path ?? [];
          importFast(JSON.stringify(replaced(document, path.slice(0, Math.max(0, path.length - up)), value)));
        },
      ),
      { numRuns },
    );
  });

  test("keys renamed to those of other places", () => {
    const documents = TEXTS.flatMap((text) => parseAllDocuments(text).map((each) => each.toJS() as unknown));
    const keys = [...new Set(documents.flatMap((each) => leaves(each).flatMap(({ path }) => path.map(String))))];
    fc.assert(
      fc.property(
        fc.constantFrom(...documents),
        fc.constantFrom(...keys),
        fc.constantFrom(...keys),
        (document, from, to) => importFast(JSON.stringify(document).replaceAll(`"${from}":`, `"${to}":`)),
      ),
      { numRuns },
    );
  });

  test("anything in the place of a spec, in every dialect", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("RoleBasedGroup", "RoleBasedGroupSet", "LeaderWorkerSet", "Service", "HorizontalPodAutoscaler"),
        fc.constantFrom(
          "workloads.x-k8s.io/v1alpha1",
          "workloads.x-k8s.io/v1alpha2",
          "leaderworkerset.x-k8s.io/v1",
          "v1",
        ),
        fc.jsonValue({ maxDepth: 4 }),
        (kind, apiVersion, value) => {
          const role = { name: value, standalonePattern: value, templateRef: value, rolloutStrategy: value };
          const spec = {
            roles: [value, role, { ...role, leaderWorkerPattern: value, restartPolicy: value, annotations: value }],
            roleTemplates: value,
            leaderWorkerTemplate: {
              size: value,
              leaderTemplate: value,
              workerTemplate: { spec: { containers: [value] } },
            },
            selector: value,
            scaleTargetRef: value,
          };
          importFast(JSON.stringify({ apiVersion, kind, metadata: value, spec: { ...spec, groupTemplate: { spec } } }));
          importFast(JSON.stringify({ apiVersion, kind, metadata: value, spec: value }));
        },
      ),
      { numRuns },
    );
  });
});

function replaced(document: unknown, path: Path, value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (Array.isArray(document)) return document.map((item, at) => (at === first ? replaced(item, rest, value) : item));
  return Object.fromEntries(
    Object.entries(document as object).map(([key, item]) => [key, key === first ? replaced(item, rest, value) : item]),
  );
}
