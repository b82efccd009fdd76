import type { Problem } from "@openpatio/core/spec";

/** A refusal or failure in words that can be shown. */
export type ApiFailure = {
  readonly message: string;
  /** Domain code such as `spec.invalid`; null when the server gave none. */
  readonly code: string | null;
  readonly problems: readonly Problem[];
};

/**
 * Reads what a failed call carries. A call that never reached the server says so; everything else is the server's own
 * sentence, which names the remedy.
 */
export function toFailure(error: unknown): ApiFailure {
  if (!(error instanceof Error)) return { message: "Something failed without a reason.", code: null, problems: [] };
  const data = "data" in error ? error.data : null;
  if (typeof data !== "object" || data === null) return { message: unanswered(error), code: null, problems: [] };
  return {
    message: error.message,
    code: "reason" in data && typeof data.reason === "string" ? data.reason : null,
    problems: "problems" in data && Array.isArray(data.problems) ? data.problems : [],
  };
}

function unanswered(error: Error): string {
  return error.name === "TRPCClientError"
    ? "The server did not answer. Whether it was done shows when it is back."
    : error.message;
}
