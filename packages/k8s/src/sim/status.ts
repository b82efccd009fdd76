/** Failures as the Kubernetes API reports them: a Status object with literal messages. */

export type StatusCause = { readonly reason?: string; readonly message: string; readonly field?: string };

export type StatusBody = {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
  readonly code?: number;
};

/** The one error of the sandbox. `body` is what an HTTP client gets. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly body: StatusBody;

  constructor(code: number, reason: string, message: string, details?: StatusBody["details"]) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.reason = reason;
    this.body = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      ...(reason === "" ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** What a message names: `statefulsets.apps "web"`. */
export type Named = { readonly group: string; readonly plural: string };
export type NamedKind = { readonly group: string; readonly kind: string };

function qualified(resource: Named): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

function details(resource: Named, name: string): NonNullable<StatusBody["details"]> {
  return { name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.plural };
}

export function notFound(resource: Named, name: string): ApiError {
  return new ApiError(404, "NotFound", `${qualified(resource)} "${name}" not found`, details(resource, name));
}

export function alreadyExists(resource: Named, name: string): ApiError {
  return new ApiError(409, "AlreadyExists", `${qualified(resource)} "${name}" already exists`, details(resource, name));
}

export function conflict(resource: Named, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return new ApiError(409, "Conflict", message, details(resource, name));
}

export const OBJECT_MODIFIED =
  "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(resource: Named, name: string, why: string): ApiError {
  const message = `${qualified(resource)} "${name}" is forbidden: ${why}`;
  return new ApiError(403, "Forbidden", message, details(resource, name));
}

export type FieldError = {
  readonly kind:
    | "required"
    | "invalid"
    | "duplicate"
    | "forbidden"
    | "unsupported"
    | "not-found"
    | "too-long"
    | "too-many"
    | "wrong-type";
  readonly field: string;
  readonly value?: unknown;
  readonly detail: string;
  /** The value is not shown: that of a failed rule may be a whole object. */
  readonly isBare?: boolean;
};

const FIELD_ERRORS = {
  required: { reason: "FieldValueRequired", label: "Required value" },
  invalid: { reason: "FieldValueInvalid", label: "Invalid value" },
  duplicate: { reason: "FieldValueDuplicate", label: "Duplicate value" },
  forbidden: { reason: "FieldValueForbidden", label: "Forbidden" },
  unsupported: { reason: "FieldValueNotSupported", label: "Unsupported value" },
  "not-found": { reason: "FieldValueNotFound", label: "Not found" },
  "too-many": { reason: "FieldValueTooMany", label: "Too many" },
  "wrong-type": { reason: "FieldValueTypeInvalid", label: "Invalid value" },
  "too-long": { reason: "FieldValueTooLong", label: "Too long" },
} as const satisfies Record<FieldError["kind"], { reason: string; label: string }>;

function fieldErrorText(error: FieldError): string {
  const { label } = FIELD_ERRORS[error.kind];
  const withoutValue =
    error.isBare === true || error.kind === "required" || error.kind === "forbidden" || error.kind === "too-long";
  const value = withoutValue ? "" : `: ${JSON.stringify(error.value) ?? "null"}`;
  return `${label}${value}${error.detail === "" ? "" : `: ${error.detail}`}`;
}

export function invalid(kind: NamedKind, name: string, errors: readonly FieldError[]): ApiError {
  const texts = errors.map((error) => `${error.field}: ${fieldErrorText(error)}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const qualifiedKind = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  return new ApiError(422, "Invalid", `${qualifiedKind} "${name}" is invalid: ${list}`, {
    ...(name === "" ? {} : { name }),
    ...(kind.group === "" ? {} : { group: kind.group }),
    kind: kind.kind,
    causes: errors.map((error) => ({
      reason: FIELD_ERRORS[error.kind].reason,
      message: fieldErrorText(error),
      field: error.field,
    })),
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

/** The sandbox is honest about what it lacks: the message names it. */
export function notImplemented(what: string): ApiError {
  return new ApiError(501, "NotImplemented", `the sandbox does not implement ${what}`, {});
}
