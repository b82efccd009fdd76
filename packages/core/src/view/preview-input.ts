import type { GroupState, ObservedCluster, SetState, SetStatus } from "../model/index.ts";
import type { MissingObjects, Reservation } from "../placement/index.ts";
import type { PreviewView } from "./types.ts";

export type PreviewInput = {
  /** Null for a new set. */
  readonly before: { readonly state: SetState; readonly status: SetStatus; readonly yaml: string } | null;
  /** The state as it would be stored. */
  readonly after: SetState;
  readonly yaml: string;
  /** The groups as the planner would store them in its first step. */
  readonly planned: readonly GroupState[];
  readonly clusters: ReadonlyMap<string, ObservedCluster>;
  /** Of all other sets. */
  readonly reservations: readonly Reservation[];
  /** What its pods name and is known not to exist. */
  readonly missing: MissingObjects;
  readonly checks: PreviewView["checks"];
  readonly nowMs: number;
};
