import { formatPath, type Path } from "./path.ts";

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
}
