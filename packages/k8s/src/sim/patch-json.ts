import { ApiError, badRequest } from "./status.ts";
import { clone, isEqual, isObject } from "./store-json.ts";

type Operation = { readonly op: string; readonly path: string; readonly from?: string; readonly value?: unknown };

/**
 * JSON patch (RFC 6902).
 * Errors: 400 for a patch that is malformed, 422 for one that does not apply (a missing path, a failed test).
 */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
  }
  // A wrapper makes the whole document replaceable like any other field.
  const root = { "": clone(target) };
  for (const step of patch as readonly Operation[]) {
    if (!isObject(step) || typeof step.path !== "string") throw badRequest("a patch operation needs op and path");
    applyStep(root, step as Operation);
  }
  return root[""];
}

function applyStep(root: object, step: Operation): void {
  switch (step.op) {
    case "add":
      return put(root, step.path, clone(step.value), "add");
    case "replace":
      read(root, step.path);
      return put(root, step.path, clone(step.value), "replace");
    case "remove":
      return void remove(root, step.path);
    case "move":
      return put(root, step.path, remove(root, step.from ?? ""), "add");
    case "copy":
      return put(root, step.path, clone(read(root, step.from ?? "")), "add");
    case "test":
      if (isEqual(normalNull(read(root, step.path, true)), normalNull(step.value))) return;
      throw notApplicable();
    default:
      throw badRequest(`Unexpected kind: ${step.op}`);
  }
}

function normalNull(value: unknown): unknown {
  return value === undefined ? null : value;
}

/** The API server does not say which operation failed. */
function notApplicable(): ApiError {
  return new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

function pointer(path: string): string[] {
  return path.split("/").map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The container of the last token of a path. */
function parentOf(root: object, path: string): { parent: unknown[] | Record<string, unknown>; key: string } {
  const tokens = pointer(path);
  const key = tokens.pop() ?? "";
  let at: unknown = root;
  for (const token of tokens) at = childAt(at, token);
  if (!Array.isArray(at) && !isObject(at)) throw notApplicable();
  return { parent: at, key };
}

function childAt(container: unknown, token: string): unknown {
  if (Array.isArray(container)) return /^\d+$/.test(token) ? container[Number(token)] : undefined;
  return isObject(container) && Object.hasOwn(container, token) ? container[token] : undefined;
}

function read(root: object, path: string, optional = false): unknown {
  const { parent, key } = parentOf(root, path);
  const value = childAt(parent, key);
  if (value === undefined && !optional) throw notApplicable();
  return value;
}

function put(root: object, path: string, value: unknown, operation: "add" | "replace"): void {
  const { parent, key } = parentOf(root, path);
  if (!Array.isArray(parent)) {
    parent[key] = value;
    return;
  }
  const index = key === "-" ? parent.length : Number(key);
  if (!Number.isInteger(index) || index < 0 || index > parent.length) throw notApplicable();
  parent.splice(index, operation === "replace" ? 1 : 0, value);
}

function remove(root: object, path: string): unknown {
  const { parent, key } = parentOf(root, path);
  const value = childAt(parent, key);
  if (value === undefined) throw notApplicable();
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
  return value;
}
