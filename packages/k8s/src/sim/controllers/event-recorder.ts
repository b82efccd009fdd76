import type { KubeObject } from "@openpatio/core/model";
import type { SimApi } from "../api.ts";
import { ApiError } from "../status.ts";
import { timeOf, timestamp } from "./objects.ts";

type EventFacts = {
  readonly about: KubeObject;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** `kubelet`, `default-scheduler`, `statefulset-controller`... */
  readonly component: string;
  readonly host?: string;
  /** `spec.containers{engine}`: what `kubectl describe` shows as the subject. */
  readonly fieldPath?: string;
};

export type EventRecorder = { record(facts: EventFacts): void; stop(): void };

/** For simulations that look at no events. */
export const NO_EVENTS: EventRecorder = { record() {}, stop() {} };

type CoreEvent = KubeObject & { readonly count?: number; readonly lastTimestamp?: string };

/**
 * Writes core/v1 Events. A repetition within the lifetime of its event raises the count of that event; events go after
 * `ttlMs`. An event whose namespace is gone or ending is dropped, like everywhere in Kubernetes.
 */
export function createEventRecorder(api: SimApi, ttlMs: number): EventRecorder {
  /** Event names by what makes two events the same; rebuilt from use, so after a restart a new event begins. */
  const known = new Map<string, { readonly namespace: string; readonly name: string }>();
  let cancelSweep = (): void => {};
  let isSweepArmed = false;
  let isStopped = false;

  function sweep(): void {
    isSweepArmed = false;
    const oldestMs = api.clock.nowMs() - ttlMs;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const object of api.list("events")) {
      const lastMs = timeOf((object as CoreEvent).lastTimestamp ?? object.metadata.creationTimestamp);
      if (Number.isNaN(lastMs) || lastMs > oldestMs) nextMs = Math.min(nextMs, Number.isNaN(lastMs) ? nextMs : lastMs);
      else api.delete("events", object.metadata.namespace, object.metadata.name);
    }
    known.clear();
    if (nextMs !== Number.POSITIVE_INFINITY) armSweep(nextMs + ttlMs - api.clock.nowMs());
  }

  // One sweep at least a minute after the other: exact expiry is not worth a timer per event.
  function armSweep(delayMs: number): void {
    if (isSweepArmed || isStopped) return;
    isSweepArmed = true;
    cancelSweep = api.clock.after(Math.max(delayMs, 60_000), sweep);
  }

  /** Named by the nanosecond as upstream, so that events of one moment list in the order they happened. */
  function freeName(namespace: string, about: string, nowMs: number): string {
    for (let nanoseconds = BigInt(nowMs) * 1_000_000n; ; nanoseconds += 1n) {
      const name = `${about}.${nanoseconds.toString(16)}`;
      if (api.get("events", namespace, name) === undefined) return name;
    }
  }

  function write(facts: EventFacts): void {
    const { about, type, reason, message, component, host, fieldPath } = facts;
    const namespace = about.metadata.namespace ?? "default";
    const nowMs = api.clock.nowMs();
    const now = timestamp(nowMs);
    const identity = [about.metadata.uid, reason, message, component, fieldPath ?? ""].join("\n");
    const earlier = known.get(identity);
    const present = earlier === undefined ? undefined : api.get("events", earlier.namespace, earlier.name);
    if (present !== undefined) {
      const count = ((present as CoreEvent).count ?? 1) + 1;
      api.patch("events", namespace, present.metadata.name, { count, lastTimestamp: now });
      return;
    }
    const name = freeName(namespace, about.metadata.name, nowMs);
    const source = { component, ...(host === undefined ? {} : { host }) };
    const object: KubeObject = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name: about.metadata.name,
        ...(about.metadata.namespace === undefined ? {} : { namespace: about.metadata.namespace }),
        uid: about.metadata.uid,
        resourceVersion: about.metadata.resourceVersion,
        ...(fieldPath === undefined ? {} : { fieldPath }),
      },
      type,
      reason,
      message,
      source,
      reportingComponent: component,
      reportingInstance: host ?? "",
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
    };
    api.create("events", object);
    known.set(identity, { namespace, name });
    armSweep(ttlMs);
  }

  if (api.list("events").length > 0) armSweep(60_000);

  return {
    record(facts) {
      try {
        write(facts);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
    },
    stop() {
      isStopped = true;
      cancelSweep();
    },
  };
}
