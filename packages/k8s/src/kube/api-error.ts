import { DomainError } from "@openpatio/core/errors";
import { isRecord } from "@openpatio/core/model";
import type { Problem } from "@openpatio/core/spec";

/** What an API server (or the way to it) answered instead of success. Stays inside the adapter; see {@link toDomainError}. */
export class ApiError extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** `Status.reason`, e.g. `AlreadyExists`, `Invalid`; or `Timeout`, `Unreachable` of our own when status is 0. */
  readonly reason: string;
  readonly causes: readonly ApiCause[];
  /** From the Retry-After header; null without. */
  readonly retryAfterMs: number | null;

  constructor(
    status: number,
    reason: string,
    message: string,
    options: {
      readonly causes?: readonly ApiCause[];
      readonly retryAfterMs?: number | null;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiError";
    this.status = status;
    this.reason = reason;
    this.causes = options.causes ?? [];
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

export type ApiCause = { readonly field: string; readonly message: string; readonly reason: string };

/** Reads a Status body; anything else (`404 page not found`, a proxy's page) becomes a short message. */
export function parseApiError(status: number, text: string, retryAfterMs: number | null): ApiError {
  const body = parseJson(text);
  if (isRecord(body) && body["kind"] === "Status") {
    const details = isRecord(body["details"]) ? body["details"] : {};
    const causes = Array.isArray(details["causes"]) ? details["causes"].filter(isRecord) : [];
    return new ApiError(status, stringOr(body["reason"], "Unknown"), stringOr(body["message"], `HTTP ${status}`), {
      causes: causes.map((cause) => ({
        field: stringOr(cause["field"], ""),
        message: stringOr(cause["message"], ""),
        reason: stringOr(cause["reason"], ""),
      })),
      retryAfterMs,
    });
  }
  const line = text.split("\n", 1)[0]?.trim().slice(0, 200) ?? "";
  return new ApiError(status, "Unknown", line === "" || line.startsWith("<") ? `HTTP ${status}` : line, {
    retryAfterMs,
  });
}

/** Retry-After is seconds or a date. */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined || header === "") return null;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

export const isExpired = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");

/** A write met another life of the name: the wording differs per verb, the reason and the field do not. */
export const isUidMismatch = (error: ApiError): boolean =>
  (error.status === 422 && error.causes.some((cause) => cause.field === "metadata.uid")) ||
  (error.status === 409 && /UID in (the )?precondition/.test(error.message));

/** The test of a JSON patch failed: answered without naming anything, where a schema that objects names the field. */
export const isTestFailed = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 422 && error.causes.length === 0;

/**
 * The refusal that the rest of the product sees. `what` is what was tried, e.g. `create StatefulSet default/web`.
 *
 * A 403 is worth trying again: rights and quotas are changed by others; a 400 or 422 is not.
 */
export function toDomainError(cluster: string, what: string, error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (!(error instanceof ApiError)) throw error;
  const params = { cluster, what, status: error.status, reason: error.reason };
  const options = { params, cause: error };
  if (error.status === 0 || error.status === 429 || error.status >= 500) {
    return new DomainError("cluster.unreachable", `Cluster ${cluster} could not ${what}: ${error.message}`, {
      ...options,
      retry: "backoff",
    });
  }
  if (error.status === 404 || error.status === 409 || isUidMismatch(error)) {
    return new DomainError("cluster.conflict", `Cluster ${cluster} could not ${what}: ${error.message}`, {
      ...options,
      retry: "backoff",
    });
  }
  return refusal(cluster, what, error);
}

/** `cluster.refused` with the server's own words, and a problem for each field that it named. */
export function refusal(cluster: string, what: string, error: ApiError): DomainError {
  const mayChange = error.status === 401 || error.status === 403 || error.status === 404;
  return new DomainError("cluster.refused", `Cluster ${cluster} refused to ${what}: ${error.message}`, {
    params: {
      cluster,
      what,
      status: error.status,
      reason: error.reason,
      field: error.causes[0]?.field ?? null,
    },
    retry: mayChange ? "backoff" : "never",
    problems: problemsOf(error),
    cause: error,
  });
}

function problemsOf(error: ApiError): readonly Problem[] {
  if (error.causes.length > 0) {
    return error.causes.map((cause) => ({ path: fieldPath(cause.field), message: cause.message, code: "cluster" }));
  }
  // Strict decoding names its fields in the sentence only.
  const unknown = [...error.message.matchAll(/(unknown|duplicate) field "([^"]+)"/g)];
  if (unknown.length > 0) {
    return unknown.map(([text, , field]) => ({ path: field ?? "", message: text, code: "cluster" }));
  }
  return [{ path: "", message: error.message, code: "cluster" }];
}

/** Causes of some validations carry the path as `<nil>` or with a leading dot. */
const fieldPath = (field: string): string => (field === "<nil>" ? "" : field.replace(/^\./, ""));

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const stringOr = (value: unknown, fallback: string): string => (typeof value === "string" ? value : fallback);
