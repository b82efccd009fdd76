/**
 * Durability of one cluster: every commit is appended to a log before anybody sees it; now and then the whole state is
 * written to a snapshot and the log starts anew. Killing the process at any instruction loses nothing that was answered:
 * the append is synchronous, and a half-written last line is cut off at the next start. The operating system's cache is
 * synced to disk in the background, so only a crash of the machine can lose the last moments.
 *
 *   snapshot-<version>.json   all objects as of that version (written beside, then renamed)
 *   log-<version>.jsonl       the commits after it, one a line; the previous log is kept for watches that resume
 */
import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "@openpatio/core/model";
import type { LoggedEvent, StoreState } from "./store.ts";

/** A log of this size takes about a third of a second to replay. */
const COMPACT_BYTES = 32_000_000;
const SYNC_MS = 200;
/** As many events as the store remembers by default. */
const KEPT_EVENTS = 20_000;

type Line = { readonly v: number; readonly t: LoggedEvent["type"]; readonly r: string; readonly o: KubeObject };

export type Journal = {
  /** What was there at the start; undefined in an empty folder. */
  readonly restored: { readonly state: StoreState; readonly history: readonly LoggedEvent[] } | undefined;
  /** Errors: what the file system reports, e.g. ENOSPC; nothing was appended then. */
  append(event: LoggedEvent): void;
  /** Where snapshots come from, once there is a store. */
  attach(state: () => StoreState): void;
  close(): void;
};

/** Assumes that no other process uses `folder`. Errors: what the file system reports. */
export function openJournal(folder: string, options: { readonly compactBytes?: number } = {}): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const loaded = load(folder);
  let { logVersion, file, bytes } = loaded;
  let state: (() => StoreState) | undefined;
  let isDirty = false;
  let isSyncing = false;
  const compactBytes = options.compactBytes ?? COMPACT_BYTES;
  const timer = setInterval(() => {
    if (!isDirty || isSyncing) return;
    isDirty = false;
    isSyncing = true;
    fdatasync(file, () => {
      isSyncing = false;
    });
  }, SYNC_MS);
  timer.unref();

  function compact(current: StoreState): void {
    const path = join(folder, `snapshot-${current.version}.json`);
    const temporary = `${path}.tmp`;
    writeFileSync(temporary, JSON.stringify(current), { mode: 0o600 });
    const written = openSync(temporary, "r");
    fsyncSync(written);
    closeSync(written);
    const next = openSync(join(folder, `log-${current.version}.jsonl`), "a", 0o600);
    renameSync(temporary, path);
    closeSync(file);
    const previousLog = logVersion;
    logVersion = current.version;
    file = next;
    bytes = 0;
    for (const entry of versionsIn(folder, "snapshot"))
      if (entry < current.version) rmSync(join(folder, `snapshot-${entry}.json`));
    for (const entry of versionsIn(folder, "log")) if (entry < previousLog) rmSync(join(folder, `log-${entry}.jsonl`));
  }

  return {
    restored: loaded.restored,
    append({ version, type, resource, object }) {
      if (bytes > compactBytes && state !== undefined) compact(state());
      const line: Line = { v: version, t: type, r: resource, o: object };
      const text = Buffer.from(`${JSON.stringify(line)}\n`);
      let written = 0;
      try {
        while (written < text.length) written += writeSync(file, text, written);
      } catch (error) {
        if (written > 0) ftruncateSync(file, bytes);
        throw error;
      }
      bytes += text.length;
      isDirty = true;
    },
    attach(source) {
      state = source;
    },
    close() {
      clearInterval(timer);
      fsyncSync(file);
      closeSync(file);
    },
  };
}

function versionsIn(folder: string, kind: "snapshot" | "log"): number[] {
  const form = kind === "snapshot" ? /^snapshot-(\d+)\.json$/ : /^log-(\d+)\.jsonl$/;
  return readdirSync(folder)
    .map((name) => form.exec(name)?.[1])
    .filter((version) => version !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function load(folder: string) {
  const snapshotVersion = versionsIn(folder, "snapshot").at(-1);
  const snapshot: StoreState =
    snapshotVersion === undefined
      ? { version: 0, objects: [] }
      : (JSON.parse(readFileSync(join(folder, `snapshot-${snapshotVersion}.json`), "utf8")) as StoreState);
  const logs = versionsIn(folder, "log");
  const logVersion = logs.at(-1) ?? snapshot.version;
  const objects = new Map<string, readonly [string, KubeObject]>();
  for (const [resource, object] of snapshot.objects) objects.set(keyOf(resource, object), [resource, object]);
  // Commits up to the snapshot are in it already; they only tell watches what happened.
  const older = new Map<string, KubeObject>();
  const history: LoggedEvent[] = [];
  let version = snapshot.version;
  let bytes = 0;
  for (const log of logs) {
    const path = join(folder, `log-${log}.jsonl`);
    const { lines, validBytes } = readLines(path);
    bytes = validBytes;
    for (const line of lines) {
      const key = keyOf(line.r, line.o);
      const isInSnapshot = line.v <= snapshot.version;
      const previous = isInSnapshot ? older.get(key) : objects.get(key)?.[1];
      // An older state that this log does not show is unknown, and a watch must not resume across it.
      if (line.t !== "ADDED" && previous === undefined) history.length = 0;
      else
        history.push({
          type: line.t,
          resource: line.r,
          object: line.o,
          version: line.v,
          ...(previous === undefined ? {} : { previous }),
        });
      if (isInSnapshot) older.set(key, line.o);
      else {
        if (line.t === "DELETED") objects.delete(key);
        else objects.set(key, [line.r, line.o]);
        version = line.v;
      }
    }
  }
  const path = join(folder, `log-${logVersion}.jsonl`);
  const isNew = !existsSync(path);
  const file = openSync(path, "a", 0o600);
  if (!isNew) ftruncateSync(file, bytes);
  const restored =
    version === 0
      ? undefined
      : { state: { version, objects: [...objects.values()] }, history: history.slice(-KEPT_EVENTS) };
  return { restored, logVersion, file, bytes: isNew ? 0 : bytes };
}

function keyOf(resource: string, object: KubeObject): string {
  return `${resource}/${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/** Complete lines only: a process that was killed may have left half of one. */
function readLines(path: string): { readonly lines: readonly Line[]; readonly validBytes: number } {
  const content = readFileSync(path);
  const lines: Line[] = [];
  let start = 0;
  for (let end = content.indexOf(10, start); end >= 0; end = content.indexOf(10, start)) {
    try {
      lines.push(JSON.parse(content.toString("utf8", start, end)) as Line);
    } catch {
      break;
    }
    start = end + 1;
  }
  return { lines, validBytes: start };
}
