import type { SimApi } from "../api.ts";
import { ApiError, badRequest } from "../status.ts";
import { type ContainerLife, containerLog, type LogLine, lastWords } from "./container-log.ts";
import { type ContainerStatus, type Pod, timeOf, typed, uidOf } from "./objects.ts";
import { readyDelayMs } from "./pod-run.ts";
import type { Timing } from "./timing.ts";

export type LogQuery = {
  readonly namespace: string;
  readonly pod: string;
  /** May be left out when the pod has one container. */
  readonly container?: string;
  /** The life before the present one. */
  readonly previous?: boolean;
  /** Only lines written after this time, in epoch milliseconds. */
  readonly sinceMs?: number;
};

export type PodLogs = {
  /**
   * The lines so far, oldest first.
   *
   * Errors: ApiError 404 when there is no such pod; 400, in the words of a kubelet, when the container is unknown, is
   * waiting to start, or has no previous life.
   */
  readonly read: (query: LogQuery) => readonly LogLine[];
  /**
   * The lines so far and those to come, until the container ends (`onEnd`) or the returned function is called.
   *
   * Errors: as `read`, at once.
   */
  readonly follow: (query: LogQuery, onLines: (lines: readonly LogLine[]) => void, onEnd: () => void) => () => void;
};

const FOLLOW_EVERY_MS = 500;

export function createPodLogs(api: SimApi, seed: string, timing: Timing): PodLogs & { stop(): void } {
  const followers = new Set<() => void>();

  function lifeOf(query: LogQuery): ContainerLife {
    const object = api.get("pods", query.namespace, query.pod);
    if (object === undefined) {
      const details = { name: query.pod, kind: "pods" };
      throw new ApiError(404, "NotFound", `pods "${query.pod}" not found`, details);
    }
    const pod = typed<Pod>(object);
    const name = containerName(pod, query.container);
    const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
    const status = statuses.find((item) => item.name === name);
    const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((item) => item.name === name);
    if (container === undefined) throw badRequest(`container ${name} is not valid for pod ${query.pod}`);
    const run = query.previous === true ? previousRun(status) : presentRun(status);
    if (run === undefined) {
      const reason = status?.state?.waiting?.reason ?? "ContainerCreating";
      throw badRequest(
        query.previous === true
          ? `previous terminated container "${name}" in pod "${query.pod}" not found`
          : `container "${name}" in pod "${query.pod}" is waiting to start: ${reason}`,
      );
    }
    return {
      podName: query.pod,
      container,
      id: `${uidOf(pod)}/${run.id}`,
      startedAtMs: run.startedAtMs,
      loadMs: readyDelayMs(pod, seed, timing),
      end: run.end,
    };
  }

  function read(query: LogQuery): readonly LogLine[] {
    const life = lifeOf(query);
    const sinceMs = query.sinceMs ?? Number.NEGATIVE_INFINITY;
    const end = lastWords(life).filter(({ atMs }) => atMs > sinceMs);
    return [...containerLog(life, sinceMs, api.clock.nowMs()), ...end];
  }

  /** The same life as it is now; it is over when it has ended, or when another life or nothing has taken its place. */
  function latestLife(
    life: ContainerLife,
    query: LogQuery,
  ): { readonly life: ContainerLife; readonly isOver: boolean } {
    try {
      const now = lifeOf(query);
      if (now.id === life.id) return { life: now, isOver: now.end !== undefined };
      const before = lifeOf({ ...query, previous: true });
      return { life: before.id === life.id ? before : life, isOver: true };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { life, isOver: true };
    }
  }

  return {
    read,
    follow(query, onLines, onEnd) {
      let life = lifeOf(query);
      let sinceMs = query.sinceMs ?? Number.NEGATIVE_INFINITY;
      let cancel = (): void => {};
      const stop = (): void => {
        cancel();
        followers.delete(stop);
      };
      const look = (): void => {
        const nowMs = api.clock.nowMs();
        const hadEnded = life.end !== undefined;
        const latest = latestLife(life, query);
        life = latest.life;
        // An end that comes while following is noted to the second, which may be before what was already told.
        const end = latest.isOver ? lastWords(life).filter(({ atMs }) => !hadEnded || atMs > sinceMs) : [];
        const lines = [...containerLog(life, sinceMs, nowMs), ...end];
        sinceMs = Math.max(sinceMs, nowMs);
        if (lines.length > 0) onLines(lines);
        if (latest.isOver) {
          stop();
          onEnd();
        } else if (followers.has(stop)) {
          cancel = api.clock.after(FOLLOW_EVERY_MS, look);
        }
      };
      followers.add(stop);
      look();
      return stop;
    },
    stop() {
      for (const stop of followers) stop();
    },
  };
}

function containerName(pod: Pod, asked: string | undefined): string {
  if (asked !== undefined) return asked;
  const [first, ...others] = pod.spec.containers;
  if (first === undefined || others.length === 0) return first?.name ?? "";
  const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  if (preferred !== undefined) return preferred;
  const names = pod.spec.containers.map(({ name }) => name).join(" ");
  throw badRequest(`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names}]`);
}

type ContainerRun = { readonly id: string; readonly startedAtMs: number; readonly end: ContainerLife["end"] };

function endedRun(how: NonNullable<ContainerStatus["state"]>["terminated"]): ContainerRun | undefined {
  if (how?.startedAt === undefined) return undefined;
  const id = how.containerID ?? how.startedAt;
  return { id, startedAtMs: timeOf(how.startedAt), end: { atMs: timeOf(how.finishedAt), how } };
}

function presentRun(status: ContainerStatus | undefined): ContainerRun | undefined {
  const running = status?.state?.running;
  if (running !== undefined) {
    return { id: status?.containerID ?? running.startedAt, startedAtMs: timeOf(running.startedAt), end: undefined };
  }
  // Between two lives a kubelet shows the one that ended.
  return endedRun(status?.state?.terminated ?? status?.lastState?.terminated);
}

function previousRun(status: ContainerStatus | undefined): ContainerRun | undefined {
  return endedRun(status?.lastState?.terminated);
}
