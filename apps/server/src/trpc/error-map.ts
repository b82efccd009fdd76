import type { DomainError, DomainErrorCode } from "@openpatio/core/errors";
import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";

/** One table from refusal to transport; a new code fails the build until it is here. */
const TRPC_CODE = {
  "spec.invalid": "BAD_REQUEST",
  "set.not-found": "NOT_FOUND",
  "set.version-conflict": "CONFLICT",
  "set.deleting": "CONFLICT",
  "set.ambiguous": "CONFLICT",
  "set.read-only": "PRECONDITION_FAILED",
  "rollout.nothing-to-do": "PRECONDITION_FAILED",
  "revision.not-found": "NOT_FOUND",
  "group.not-found": "NOT_FOUND",
  "group.not-movable": "CONFLICT",
  "cluster.not-found": "NOT_FOUND",
  "cluster.name-taken": "CONFLICT",
  "cluster.in-use": "CONFLICT",
  "cluster.foreign": "CONFLICT",
  "cluster.unreachable": "SERVICE_UNAVAILABLE",
  "cluster.refused": "UNPROCESSABLE_CONTENT",
  "cluster.conflict": "CONFLICT",
  "cluster.name-conflict": "CONFLICT",
  "cluster.not-simulated": "PRECONDITION_FAILED",
  "kubeconfig.invalid": "BAD_REQUEST",
  "pod.not-found": "NOT_FOUND",
  "input.too-large": "PAYLOAD_TOO_LARGE",
} as const satisfies Record<DomainErrorCode, TRPC_ERROR_CODE_KEY>;

/** A cluster that does not answer is a failure of the moment, unless the request itself said where it is. */
export function transportCodeOf({ code, retry }: DomainError): TRPC_ERROR_CODE_KEY {
  return code === "cluster.unreachable" && retry === "never" ? "UNPROCESSABLE_CONTENT" : TRPC_CODE[code];
}
