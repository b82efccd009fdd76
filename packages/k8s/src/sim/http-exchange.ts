/** One request and its answer, as the handlers see them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parse as parseYaml } from "yaml";
import { decodeProtobuf, PROTOBUF_TYPE } from "./http-protobuf.ts";
import { ApiError, badRequest, type StatusBody } from "./status.ts";
import { isObject, type MutableObject } from "./store-json.ts";

/** As the API server limits request bodies. */
const MAX_BODY_BYTES = 3_145_728;

export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Texts for the Warning header. */
  readonly warnings: string[];
};

export function sendJson(exchange: Exchange, code: number, body: unknown, contentType = "application/json"): void {
  const { response } = exchange;
  if (response.headersSent || response.destroyed) return;
  for (const warning of exchange.warnings) response.appendHeader("Warning", `299 - ${JSON.stringify(warning)}`);
  response.writeHead(code, { "Content-Type": contentType, "Cache-Control": "no-cache, private" });
  response.end(`${JSON.stringify(body)}\n`);
}

export function sendText(exchange: Exchange, code: number, text: string): void {
  exchange.response.writeHead(code, { "Content-Type": "text/plain; charset=utf-8" });
  exchange.response.end(text);
}

export function sendError(exchange: Exchange, error: unknown): void {
  if (error instanceof ApiError) {
    const retryAfter = error.body.details?.retryAfterSeconds;
    if (retryAfter !== undefined && !exchange.response.headersSent)
      exchange.response.setHeader("Retry-After", retryAfter);
    sendJson(exchange, error.code, error.body);
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  sendJson(exchange, 500, new ApiError(500, "InternalError", `Internal error occurred: ${message}`, {}).body);
}

export function success(details?: StatusBody["details"], code?: number): StatusBody {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    ...(details === undefined ? {} : { details }),
    ...(code === undefined ? {} : { code }),
  };
}

/** Errors: 413 beyond {@link MAX_BODY_BYTES}. */
async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${MAX_BODY_BYTES}`, {});
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function contentTypeOf(request: IncomingMessage): string {
  return (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim() ?? "";
}

const JSON_TYPES = new Set([
  "application/json",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
]);
const YAML_TYPES = new Set(["application/yaml", "application/apply-patch+yaml"]);

function unsupportedMediaType(type: string, accepted: string): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted} (got ${type})`;
  return new ApiError(415, "UnsupportedMediaType", message, {});
}

/** Any JSON, YAML or protobuf body; undefined when there is none. Errors: 400 for broken text, 415 for other types. */
export async function readBody(exchange: Exchange, subject: string): Promise<unknown> {
  const bytes = await readBytes(exchange.request);
  const type = contentTypeOf(exchange.request);
  if (bytes.length > 0 && type === PROTOBUF_TYPE) return decodeProtobuf(bytes);
  const text = bytes.toString("utf8");
  if (text.trim() === "") return undefined;
  if (!JSON_TYPES.has(type) && !YAML_TYPES.has(type))
    throw unsupportedMediaType(type, "application/json, application/yaml");
  try {
    // YAML includes JSON, but reading JSON as JSON is faster and stricter.
    return YAML_TYPES.has(type) ? (parseYaml(text, { maxAliasCount: 100 }) as unknown) : (JSON.parse(text) as unknown);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${subject}): couldn't get version/kind; json parse error: ${why}`,
    );
  }
}

export async function readObjectBody(exchange: Exchange, subject: string): Promise<MutableObject> {
  const body = await readBody(exchange, subject);
  if (isObject(body)) return body;
  throw badRequest(
    `the object provided is unrecognized (must be of type ${subject}): couldn't get version/kind; empty or no object`,
  );
}

export function isFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "false" && value !== "0";
}
