import type { Problem } from "./spec/problem.ts";

/** Every way in which a request can be refused. A new code fails the build until transport and words exist for it. */
export const DOMAIN_ERROR_CODES = [
  "spec.invalid",
  "set.not-found",
  "set.version-conflict",
  "set.deleting",
  "set.ambiguous",
  "set.read-only",
  "rollout.nothing-to-do",
  "revision.not-found",
  "group.not-found",
  "group.not-movable",
  "cluster.not-found",
  "cluster.name-taken",
  "cluster.in-use",
  "cluster.foreign",
  "cluster.unreachable",
  "cluster.refused",
  "cluster.conflict",
  "cluster.name-conflict",
  "cluster.not-simulated",
  "kubeconfig.invalid",
  "pod.not-found",
  "input.too-large",
] as const;
export type DomainErrorCode = (typeof DOMAIN_ERROR_CODES)[number];

export type ErrorParams = Readonly<Record<string, string | number | boolean | null>>;

/**
 * A refusal that a user can understand. `message` is a complete sentence with the remedy and never holds a secret.
 * `retry: "backoff"` means that the same call may succeed later.
 */
export class DomainError extends Error {
  readonly code: DomainErrorCode;
  readonly params: ErrorParams;
  readonly retry: "never" | "backoff";
  readonly problems: readonly Problem[];

  constructor(
    code: DomainErrorCode,
    message: string,
    options: {
      readonly params?: ErrorParams;
      readonly retry?: "never" | "backoff";
      readonly problems?: readonly Problem[];
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DomainError";
    this.code = code;
    this.params = options.params ?? {};
    this.retry = options.retry ?? "never";
    this.problems = options.problems ?? [];
  }
}
