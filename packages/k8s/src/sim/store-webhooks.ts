import type { SimApi } from "./api.ts";
import type { MutableObject } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";

/**
 * An admission webhook that an installed component brings along: it may change the object, or refuse it by throwing.
 * Called for creations and updates of main resources, after the built-in admission and before validation.
 */
export type Webhook = (request: {
  readonly definition: ResourceDefinition;
  readonly object: MutableObject;
  /** Absent at creation. */
  readonly before?: MutableObject;
  readonly store: Pick<SimApi, "get" | "list">;
}) => void;
