import type { ClusterChange } from "@openpatio/core/ports";

/** Long enough for the burst of one API call's consequences, too short for anybody to see. */
const COLLECT_MS = 5;

/** Tells listeners what changed, each thing once per burst, never from within the call that changed it. */
export class ChangeNotifier {
  readonly #listeners = new Set<(change: ClusterChange) => void>();
  readonly #waiting = new Map<string, ClusterChange>();
  #timer: NodeJS.Timeout | null = null;

  listen(listener: (change: ClusterChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  add(change: ClusterChange): void {
    const key = keyOf(change);
    // The last health is the one that counts, and it comes last.
    this.#waiting.delete(key);
    this.#waiting.set(key, change);
    this.#timer ??= setTimeout(() => this.#tell(), COLLECT_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting.clear();
    this.#listeners.clear();
  }

  #tell(): void {
    this.#timer = null;
    const changes = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const change of changes) {
      for (const listener of this.#listeners) listener(change);
    }
  }
}

function keyOf(change: ClusterChange): string {
  switch (change.kind) {
    case "set":
      return `set ${change.namespace}/${change.set}`;
    case "resource":
      return `resource ${change.namespace}/${change.name}`;
    case "node":
      return `node ${change.node}`;
    case "resources":
    case "capacity":
    case "health":
      return change.kind;
  }
}
