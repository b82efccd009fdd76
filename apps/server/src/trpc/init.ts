import { DomainError, type DomainErrorCode, type ErrorParams } from "@openpatio/core/errors";
import type { Problem } from "@openpatio/core/spec";
import { initTRPC, TRPCError } from "@trpc/server";
import { ZodError } from "zod";
import type { RequestContext } from "./context.ts";
import { transportCodeOf } from "./error-map.ts";

export const MAX_BODY_BYTES = 2 * 1024 * 1024;
export const TOO_LARGE = `The request is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB, the most that is accepted. A definition of a set is a few KiB: send only that.`;

/** What a refused call carries in `error.data`, beside tRPC's own `code`, `httpStatus` and `path`. */
export type RefusalData = {
  readonly reason: DomainErrorCode | "input.invalid" | null;
  readonly params: ErrorParams;
  readonly problems: readonly Problem[];
  readonly retry: "never" | "backoff" | null;
  readonly requestId: string | null;
};

const t = initTRPC.context<RequestContext>().create({
  isDev: false,
  errorFormatter: ({ shape, error, ctx }) => {
    const { stack: _, ...data } = shape.data;
    return { ...shape, message: messageOf(error, ctx), data: { ...data, ...refusalOf(error, ctx) } };
  },
});

/** Turns refusals into their transport code; anything unknown is logged and hidden behind the request's id. */
const mapErrors = t.middleware(async ({ ctx, path, next }) => {
  const result = await next();
  if (result.ok) return result;
  const { cause } = result.error;
  if (cause instanceof DomainError) {
    throw new TRPCError({ code: transportCodeOf(cause), message: cause.message, cause });
  }
  if (result.error.code === "INTERNAL_SERVER_ERROR") ctx.log(cause ?? result.error, path);
  return result;
});

export const { router, createCallerFactory } = t;
export const procedure = t.procedure.use(mapErrors);

function messageOf(error: TRPCError, ctx: RequestContext | undefined): string {
  if (error.cause instanceof ZodError) return "The request does not have the expected form.";
  if (isTooLarge(error)) return TOO_LARGE;
  if (error.code !== "INTERNAL_SERVER_ERROR") return error.message;
  return `Something went wrong on the server. The log has the details under request ${ctx?.requestId ?? "(none)"}.`;
}

function refusalOf(error: TRPCError, ctx: RequestContext | undefined): RefusalData {
  const requestId = ctx?.requestId ?? null;
  const { cause } = error;
  if (cause instanceof DomainError) {
    return { reason: cause.code, params: cause.params, problems: cause.problems, retry: cause.retry, requestId };
  }
  if (cause instanceof ZodError) {
    return { reason: "input.invalid", params: {}, problems: cause.issues.map(toProblem), retry: "never", requestId };
  }
  if (isTooLarge(error)) {
    const problem: Problem = { path: "", code: "too-large", message: TOO_LARGE };
    return { reason: "input.too-large", params: {}, problems: [problem], retry: "never", requestId };
  }
  return { reason: null, params: {}, problems: [], retry: null, requestId };
}

/** The transport's own refusal, of a body without a length ahead of it. */
function isTooLarge(error: TRPCError): boolean {
  return error.code === "PAYLOAD_TOO_LARGE" && !(error.cause instanceof DomainError);
}

function toProblem(issue: ZodError["issues"][number]): Problem {
  const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return { path: path.replace(/^\./, ""), message: issue.message, code: "value" };
}
