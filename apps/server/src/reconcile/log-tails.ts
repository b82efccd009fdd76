import { type Cause, type Fields, fields, type GroupState, records, type SetState } from "@openpatio/core/model";
import type { ClusterPort } from "@openpatio/core/ports";
import type { Logger } from "../log.ts";
import type { SetStore, StoredSet } from "../sets/set-store.ts";
import type { Held } from "./lease.ts";

const MAX_LINES = 20;
const MAX_LINE_LENGTH = 300;
/** Nobody waits for it, but the pod is about to go. */
const TIMEOUT_MS = 5_000;
/** The reconciler is writing the same rows at that moment. */
const MAX_RACES = 10;

export type LogTailsOptions = {
  readonly sets: SetStore;
  readonly port: (cluster: string) => ClusterPort | null;
  readonly log: Logger;
};

type Failure = {
  readonly setId: string;
  readonly group: GroupState;
  readonly cause: Cause & { readonly pod: string; readonly container: string };
  /** UID of the pod that failed: the next life has a pod of the same name. */
  readonly podUid: string;
};

/**
 * Keeps the last lines of a failed container's log with the cause: its pod is removed for the next incarnation, and its
 * log with it. Best effort, beside the recovery: nothing waits for it, and without the lines all goes on the same.
 */
export class LogTails {
  private readonly options: LogTailsOptions;

  constructor(options: LogTailsOptions) {
    this.options = options;
  }

  /** Begins to read the logs of what failed between the two; returns at once. */
  collect(before: StoredSet, after: StoredSet, held: Held): void {
    for (const failure of newFailures(before.state, after.state)) {
      this.keep(after.state, failure, held).catch((error: unknown) => {
        this.options.log.warn({ err: error, pod: failure.cause.pod }, "log of a failed container not kept");
      });
    }
  }

  private async keep(state: SetState, failure: Failure, held: Held): Promise<void> {
    const { sets, port: portOf } = this.options;
    const port = portOf(failure.group.placement?.cluster ?? "");
    if (port === null) return;
    const lines = await readTail(port, state.namespace, failure.cause);
    const pods = port.observe().set(state.namespace, state.name).pods;
    if (lines.length === 0 || !pods.some((pod) => pod.uid === failure.podUid)) return;
    const hidden = templatesOf(state, failure).reduce(hideSecrets, lines);
    const logTail = hidden.map((line) => line.slice(0, MAX_LINE_LENGTH));
    for (let race = 0; race < MAX_RACES; race++) {
      const set = sets.get(failure.setId);
      const next = set === null ? null : withLogTail(set.state, failure, logTail);
      if (set === null || next === null) return;
      const stored = await sets.commit({ before: set, after: { state: next }, timeline: [], fence: held.token });
      if (stored !== null) return;
    }
  }
}

function newFailures(before: SetState, after: SetState): readonly Failure[] {
  return after.groups.flatMap((group) => {
    const known = before.groups.find((candidate) => candidate.index === group.index);
    // Without a teardown only some of its roles are recreated.
    const cause = group.teardown?.cause ?? (group.lastCause === known?.lastCause ? null : group.lastCause);
    if (cause?.kind !== "failure" || known === undefined || known.teardown !== null) return [];
    const { pod, container } = cause;
    const podUid = known.readyPods.find((ready) => ready.name === pod)?.uid;
    if (pod === undefined || container === undefined || podUid === undefined) return [];
    return [{ setId: after.id, group, cause: { ...cause, pod, container }, podUid }];
  });
}

/** Of the life that ended: the one before, where the container was restarted already, else the present one. */
async function readTail(
  port: ClusterPort,
  namespace: string,
  { pod, container }: Failure["cause"],
): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  for (const previous of [true, false]) {
    const lines: string[] = [];
    try {
      const request = { namespace, pod, container, follow: false, previous, tailLines: MAX_LINES };
      for await (const line of port.logs(request, signal)) lines.push(line);
    } catch {
      // No such life, or the pod is gone.
    }
    if (lines.length > 0) return lines.slice(-MAX_LINES);
  }
  return [];
}

/** Of the role that failed: a multi-node one may have two, and they share their secrets. */
function templatesOf({ revisions }: SetState, { group, cause }: Failure): readonly Fields[] {
  const revision = revisions.find((candidate) => candidate.number === group.revision);
  const role = revision?.content.roles.find((candidate) => candidate.role === cause.role);
  const workers = role?.leaderWorker?.workerTemplate ?? null;
  return [...(role === undefined ? [] : [role.template]), ...(workers === null ? [] : [workers])];
}

const SECRET_NAME = /KEY|TOKEN|SECRET|PASSW|CREDENTIAL/i;

/** A line that names a variable that holds a secret, or repeats its value where the definition has it, is left out. */
export function hideSecrets(lines: readonly string[], template: Fields): readonly string[] {
  const spec = fields(template["spec"]);
  const containers = [...records(spec["initContainers"]), ...records(spec["containers"])];
  const words = containers
    .flatMap((container) => records(container["env"]))
    .filter(({ name, valueFrom }) => {
      return SECRET_NAME.test(String(name)) || fields(valueFrom)["secretKeyRef"] !== undefined;
    })
    .flatMap(({ name, value }) => [name, value])
    .filter((word): word is string => typeof word === "string" && word !== "");
  return lines.map((line) => (words.some((word) => line.includes(word)) ? "(a line that may hold a secret)" : line));
}

/** Null when that cause is nowhere any more. */
function withLogTail(state: SetState, { group, cause }: Failure, logTail: readonly string[]): SetState | null {
  const isIt = (other: Cause | null | undefined): other is Cause =>
    other?.kind === cause.kind && other.atMs === cause.atMs && other.pod === cause.pod;
  const position = state.groups.findIndex((candidate) => candidate.index === group.index);
  const present = state.groups[position];
  if (present === undefined || !(isIt(present.teardown?.cause) || isIt(present.lastCause))) return null;
  const { teardown, lastCause } = present;
  const changed: GroupState = {
    ...present,
    teardown:
      teardown !== null && isIt(teardown.cause) ? { ...teardown, cause: { ...teardown.cause, logTail } } : teardown,
    lastCause: isIt(lastCause) ? { ...lastCause, logTail } : lastCause,
  };
  return { ...state, groups: state.groups.with(position, changed) };
}
