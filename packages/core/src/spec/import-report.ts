import { formatPath, type Path } from "./path.ts";
import { SERVER_METADATA } from "./schema.ts";

/** What became of one part of an imported file. Everything that is not taken over as it is has a line. */
export type ImportNote = {
  /** In the imported document. */
  readonly path: string;
  /** `mapped`: has an equivalent. `rewritten`: changed so that it goes on working. `dropped`: not needed here. */
  readonly action: "mapped" | "rewritten" | "dropped" | "not supported";
  readonly message: string;
};

export class ImportNotes {
  readonly notes: ImportNote[] = [];
  readonly #rewritten = new Set<unknown>();

  addRewrite(path: Path, text: string, rewritten: string): void {
    this.#rewritten.add(text);
    this.add(path, "rewritten", `${text} → ${rewritten}`);
  }

  add(path: Path, action: ImportNote["action"], message: string): void {
    this.notes.push({ path: formatPath(path), action, message });
  }

  /** Lists every member that is not among those that were read. */
  addRest(path: Path, object: unknown, read: readonly string[]): void {
    if (typeof object !== "object" || object === null) return;
    for (const key of Object.keys(object))
      if (!read.includes(key))
        this.add([...path, key], "not supported", `${key} has no equivalent here and was left out.`);
  }

  /**
   * Lists every value of `document` that is neither in `result` under its name nor below a path that was listed. So even
   * where the reading above it overlooks a field, nothing is lost in silence.
   */
  addUnaccounted(document: unknown, result: unknown): void {
    const taken = new Set<string>();
    eachLeaf(result, [], (path, value) => taken.add(leafText(path, value)));
    const listed = new Set(this.notes.map(({ path }) => path));
    eachLeaf(document, [], (path, value) => {
      if (value === null || this.#rewritten.has(value) || taken.has(leafText(path, value))) return;
      for (let length = path.length; length > 0; length--) if (listed.has(formatPath(path.slice(0, length)))) return;
      this.add(path, "not supported", `${clip(JSON.stringify(value))} was not taken over.`);
    });
  }

  /** What only an API server writes. */
  addServerFields(document: Readonly<Record<string, unknown>>): void {
    if (document["status"] !== undefined)
      this.add(["status"], "dropped", "The status of the other controller's object.");
    const metadata = document["metadata"];
    if (typeof metadata !== "object" || metadata === null) return;
    for (const key of Object.keys(metadata)) {
      if (TAKEN_METADATA.includes(key)) continue;
      const isServers = (SERVER_METADATA as readonly string[]).includes(key);
      this.add(
        ["metadata", key],
        isServers ? "dropped" : "not supported",
        isServers ? "Belongs to the other object alone." : `metadata.${key} has no equivalent here and was left out.`,
      );
    }
  }
}

const TAKEN_METADATA: readonly string[] = ["name", "namespace", "labels", "annotations"];

const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** The name that a value stands under, and the value; items of a list stand under the list's name. */
function leafText(path: Path, value: unknown): string {
  return JSON.stringify([path.findLast((part) => typeof part === "string") ?? "", value]);
}

function eachLeaf(value: unknown, path: Path, visit: (path: Path, value: unknown) => void): void {
  if (Array.isArray(value)) for (const [index, item] of value.entries()) eachLeaf(item, [...path, index], visit);
  else if (typeof value !== "object" || value === null) visit(path, value);
  else for (const [key, child] of Object.entries(value)) eachLeaf(child, [...path, key], visit);
}
