import { canonicalJson, type GroupPlacement, type PlaceWish } from "../model/index.ts";
import type { Ledger } from "../placement/ledger.ts";
import { type PlacementRequest, placeGroup, placementOf } from "../placement/place-group.ts";

/** Where the next incarnation of a group goes, or why nowhere. */
export type NextPlace =
  | {
      readonly isPlaced: true;
      readonly placement: GroupPlacement;
      /** Why it can't be where it was; null when it was nowhere, stays, or leaves because somebody asked. */
      readonly lost: string | null;
    }
  | {
      readonly isPlaced: false;
      readonly reason: string;
      /** Something that its pods name does not exist: nothing tells when it appears. */
      readonly isMissing: boolean;
    };

/**
 * A placement is sticky: the group stays where it is while it fits there by what the set asks for now, and then it keeps
 * its identity. A group that was asked to move goes where it would be placed anew, as far as that was asked for; where
 * that is the same place, to the best other one; and stays where nothing else has room.
 *
 * Assumption: the books hold nothing of the group itself.
 */
export function nextPlace(
  request: Pick<PlacementRequest, "set" | "group" | "revision" | "missing" | "leaving">,
  before: GroupPlacement | null,
  asked: PlaceWish | null,
  ledger: Ledger,
): NextPlace {
  let lost: string | null = null;
  if (before !== null) {
    const moved = asked === null ? null : otherPlace({ ...request, wish: asked }, before, ledger);
    if (moved !== null) return { isPlaced: true, placement: moved, lost: null };
    // Spread over a cluster for want of a domain: the next incarnation looks for one again.
    const isSpread = before.domain === null && request.set.spec.placement.topology !== undefined;
    const only = { cluster: before.cluster, domain: before.domain };
    const kept = isSpread ? null : placeGroup({ ...request, only }, ledger);
    if (kept?.placed === true) {
      const placement = placementOf(kept);
      return { isPlaced: true, placement: isSame(placement, before) ? before : placement, lost: null };
    }
    lost = kept?.refusals.at(-1)?.message ?? null;
  }
  const decision = placeGroup({ ...request, present: before }, ledger);
  if (decision.placed) {
    const placement = placementOf(decision);
    return { isPlaced: true, placement: before !== null && isSame(placement, before) ? before : placement, lost };
  }
  const isMissing = decision.refusals.some((refusal) => refusal.kind === "missing-reference");
  return { isPlaced: false, reason: decision.message, isMissing };
}

/** Where a group goes that is to leave its place for one with room; null when there is none. */
function otherPlace(
  request: Parameters<typeof nextPlace>[0] & { readonly wish: PlaceWish },
  before: GroupPlacement,
  ledger: Ledger,
): GroupPlacement | null {
  const best = placeGroup({ ...request, isRoomNeeded: true }, ledger);
  if (best.placed && !isSame(placementOf(best), before)) return placementOf(best);
  const except = { cluster: before.cluster, domain: before.domain };
  const other = placeGroup({ ...request, isRoomNeeded: true, except }, ledger);
  return other.placed ? placementOf(other) : null;
}

/** The same place on the same terms, whatever led there. */
function isSame(a: GroupPlacement, b: GroupPlacement): boolean {
  return canonicalJson({ ...a, why: "" }) === canonicalJson({ ...b, why: "" });
}
