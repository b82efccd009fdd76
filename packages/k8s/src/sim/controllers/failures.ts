/** What a user can put on pods and nodes to make the sandbox misbehave, by plain API calls. */
import type { KubeObject } from "@openpatio/core/model";
import { parseDurationMs } from "./timing.ts";

export const FAILURES = {
  crash: "sandbox.openpatio.io/crash",
  crashContainer: "sandbox.openpatio.io/crash-container",
  restartDelay: "sandbox.openpatio.io/restart-delay",
  crashLoop: "sandbox.openpatio.io/crash-loop",
  fail: "sandbox.openpatio.io/fail",
  failMessage: "sandbox.openpatio.io/fail-message",
  startDelay: "sandbox.openpatio.io/start-delay",
  readyDelay: "sandbox.openpatio.io/ready-delay",
  ready: "sandbox.openpatio.io/ready",
  waiting: "sandbox.openpatio.io/waiting",
  stopDelay: "sandbox.openpatio.io/stop-delay",
  completeAfter: "sandbox.openpatio.io/complete-after",
  /** On a node: Ready=False with this message, as long as it is there. */
  notReady: "sandbox.openpatio.io/not-ready",
} as const;
type Failure = keyof typeof FAILURES;

/** On a node: `stopped` means that its kubelet is gone. */
const KUBELET_LABEL = "sandbox.openpatio.io/kubelet";

export function failureOf(object: KubeObject, failure: Failure): string | undefined {
  return object.metadata.annotations?.[FAILURES[failure]];
}

/** The annotation's duration in milliseconds; undefined when it is absent or not a duration. */
export function failureMs(object: KubeObject, failure: Failure): number | undefined {
  return parseDurationMs(failureOf(object, failure));
}

export function isKubeletRunning(node: KubeObject | undefined): boolean {
  return node !== undefined && node.metadata.labels?.[KUBELET_LABEL] !== "stopped";
}
