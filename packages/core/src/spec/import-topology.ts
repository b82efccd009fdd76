import type { ImportNotes } from "./import-report.ts";
import type { Path } from "./path.ts";
import { isRecord } from "./shape.ts";

/** Keys of labels and annotations that the controllers we import from read. */
export const OTHER_CONTROLLER = /(^|\.)workloads\.x-k8s\.io\/|^leaderworkerset\.(sigs\.k8s|x-k8s)\.io\//;

/** Collects the topology key from the annotations of all places that may have it, and lists the others of those APIs. */
export class TopologyReader {
  key: string | undefined;
  readonly #notes: ImportNotes;

  constructor(notes: ImportNotes) {
    this.#notes = notes;
  }

  /** Without the annotations of the other controller; undefined where none is left. */
  read(annotations: unknown, path: Path): unknown {
    if (!isRecord(annotations)) return annotations;
    const kept: [string, unknown][] = [];
    for (const [key, value] of Object.entries(annotations)) {
      if (key === "kubectl.kubernetes.io/last-applied-configuration")
        this.#notes.add([...path, key], "dropped", "kubectl's copy of what was applied to the other controller.");
      else if (OTHER_CONTROLLER.test(key)) this.#readOne(key, value, [...path, key]);
      else kept.push([key, value]);
    }
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  }

  /**
   * `spec.placement`. Both other controllers keep a domain from the groups of every other object with the annotation,
   * not only from those of the same one: that is `Set`.
   */
  placement(): Readonly<Record<string, unknown>> | undefined {
    return this.key === undefined ? undefined : { topology: { key: this.key, mode: "Required", exclusive: "Set" } };
  }

  #readOne(key: string, value: unknown, path: Path): void {
    const word = key.slice(key.indexOf("/") + 1);
    if ((word === "exclusive-topology" || word === "group-exclusive-topology") && typeof value === "string") {
      if (this.key === undefined || this.key === value) {
        this.key = value;
        this.#notes.add(
          path,
          "mapped",
          `placement.topology, exclusive: Set: each group alone in one domain of ${value}, as far as exclusive sets go.`,
        );
      } else
        this.#notes.add(path, "not supported", `A set has one topology key: ${this.key} was taken, ${value} left out.`);
    } else if (word === "disable-exclusive-topology" || word === "role-disable-exclusive")
      this.#notes.add(
        path,
        "not supported",
        "Every role of a group is in the group's domain: this one cannot be excepted.",
      );
    else if (word === "experimental-recreate-group-after-start")
      this.#notes.add(path, "mapped", "Restarts of a pod that was never Ready do not recreate a group here.");
    else if (word === "subgroup-exclusive-topology")
      this.#notes.add(
        path,
        "not supported",
        "A group has one topology domain: its pods are not divided into parts with domains of their own.",
      );
    else if (word.includes("gang-scheduling"))
      this.#notes.add(path, "dropped", "With placement.topology a group is placed only when all of it fits.");
    else this.#notes.add(path, "not supported", `${key} has no equivalent here and was left out.`);
  }
}
