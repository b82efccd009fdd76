import { leaseText, type OwnerLease } from "../ownership/index.ts";
import { duration } from "../plan/words.ts";
import type { OwnershipView } from "./types.ts";

/** What is known of whose cluster it is. */
export type OwnershipModel = {
  readonly state: OwnershipView["state"];
  /** Whose it is, or was before it was taken over. */
  readonly owner: OwnerLease | null;
  readonly isCopy: boolean;
  /** When it was seen to renew, or says that it did. */
  readonly lastRenewedMs: number | null;
  /** It has not renewed for this long while we looked; null: it does. */
  readonly silentMs: number | null;
  readonly beginsAtMs: number | null;
  /** Why the Lease could not be looked at, or may not be used; null: it could. */
  readonly trouble: string | null;
};

export const UNKNOWN_OWNERSHIP: OwnershipModel = {
  state: "unknown",
  owner: null,
  isCopy: false,
  lastRenewedMs: null,
  silentMs: null,
  beginsAtMs: null,
  trouble: null,
};

export function ownershipView(model: OwnershipModel): OwnershipView {
  const { state, owner, isCopy, lastRenewedMs, silentMs, beginsAtMs } = model;
  return {
    state,
    owner:
      owner === null
        ? null
        : { name: owner.holderName, lease: leaseText(owner), isCopy, isSilent: silentMs !== null, lastRenewedMs },
    beginsAtMs,
    message: ownershipMessage(model),
  };
}

/** Whose cluster it is, where that is not simply ours. Whole sentences; null while there is nothing to say. */
export function ownershipMessage({ state, owner, isCopy, silentMs, trouble }: OwnershipModel): string | null {
  const name = owner?.holderName ?? "another control plane";
  switch (state) {
    case "held":
      return null;
    case "unknown":
      return trouble ?? "Reading the Lease that says which control plane this cluster belongs to.";
    case "unconfirmed":
      return `The Lease of this control plane could not be read or renewed in time, so nothing is written.${trouble === null ? "" : ` ${trouble}`}`;
    case "unprotected":
      return `These credentials may not use Leases, so nothing keeps a second control plane away from this cluster.${trouble === null ? "" : ` ${trouble}`}`;
    case "pausing":
      return `Taken over from ${name}. Nothing is written until what it had under way there has come to its end.`;
    case "foreign": {
      const lease = owner === null ? "" : `, by the Lease ${leaseText(owner)}`;
      const who = isCopy
        ? `It belongs to ${name}, which runs on another state of this very database${lease}: one of the two was copied or restored.`
        : `It belongs to the control plane ${name}${lease}.`;
      const silence = silentMs === null ? "" : ` That has not renewed it for ${duration(silentMs)}.`;
      return `${who}${silence} Nothing there is touched until somebody takes it over here.`;
    }
  }
}
