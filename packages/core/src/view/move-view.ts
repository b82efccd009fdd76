import {
  type GroupPlacement,
  type GroupState,
  groupName,
  groupRoles,
  keptCopy,
  leavingClusters,
  type ObservedCluster,
  outOfReach,
  type PlaceWish,
  podCount,
  type SetState,
} from "../model/index.ts";
import {
  type MissingObjects,
  openLedger,
  type PlacementDecision,
  placeGroup,
  type Refusal,
  type Reservation,
} from "../placement/index.ts";
import { reservationsOf } from "../placement/reservations.ts";
import { nextIncarnation } from "../plan/incarnation.ts";
import { canBeMoved } from "../plan/moving.ts";
import { nextPlace } from "../plan/next-place.ts";
import { nextRevision, placeText } from "../plan/placing.ts";
import { runsSame } from "../plan/relocation.ts";
import { startupWaves } from "../plan/waves.ts";
import { duration, plural } from "../plan/words.ts";
import { withoutGroup } from "./without-group.ts";

/** What a move would do: decided by the planner's own functions, written nowhere. */
export type MoveView = {
  readonly group: number;
  readonly name: string;
  readonly incarnation: number;
  /** False: nothing would be done, for the reason in `why`. */
  readonly canMove: boolean;
  /** One or two sentences: where to and why, or why not. */
  readonly why: string;
  readonly from: MovePlace | null;
  readonly to: MovePlace | null;
  /** To another cluster, where its new copy starts before the old one stops. */
  readonly isCopiedFirst: boolean;
  readonly podsStopped: number;
  /** Revision that it starts at. */
  readonly toRevision: number;
  /** What happens, in order, one sentence each. */
  readonly steps: readonly string[];
  /** Where it could go now, best first: what `cluster` and `domain` may ask for. */
  readonly choices: readonly MoveChoice[];
  /** Why not elsewhere, per cluster and domain. */
  readonly refusals: readonly Refusal[];
};

export type MoveChoice = { readonly cluster: string; readonly domain: string | null };

export type MovePlace = {
  readonly cluster: string;
  readonly domain: string | null;
  /** Domain that its pods prefer and need not stay in. */
  readonly prefers: string | null;
};

export type MoveInput = {
  readonly state: SetState;
  readonly clusters: ReadonlyMap<string, ObservedCluster>;
  /** Of all other sets. */
  readonly reservations: readonly Reservation[];
  readonly missing: MissingObjects;
};

export function moveView(
  { state, clusters, reservations, missing }: MoveInput,
  group: GroupState,
  wish: PlaceWish = { cluster: null, domain: null },
): MoveView {
  const { placement } = group;
  const self = { namespace: state.namespace, set: state.name, group: group.index };
  const others = state.groups.filter((other) => other !== group);
  const ledger = openLedger(withoutGroup(clusters, self), () => [
    ...reservations,
    ...reservationsOf({ ...state, groups: others }),
  ]);
  const toRevision = nextRevision(state, { ...group, lastCause: null });
  const leaving = leavingClusters(group);
  const request = { set: state, group: group.index, revision: toRevision, missing, leaving };
  const pods = podCount(state, group.revision, group.external);
  const common = {
    group: group.index,
    name: groupName(state.name, group.index),
    incarnation: group.incarnation,
    from: placement === null ? null : placeOf(placement),
    toRevision,
    choices: placement === null ? [] : choicesOf(placeGroup({ ...request, isRoomNeeded: true }, ledger), placement),
    refusals: placeGroup({ ...request, wish, isRoomNeeded: true }, ledger).refusals,
  };
  const refuse = (why: string): MoveView => ({
    ...common,
    canMove: false,
    why,
    to: null,
    isCopiedFirst: false,
    podsStopped: 0,
    steps: [],
  });
  const kept = keptCopy(group);
  if (kept !== null || group.moveTo !== null) return refuse("It is moving already. Wait until that has ended.");
  if (!canBeMoved(state, group) || placement === null)
    return refuse("Only a group that runs can be moved. This one is placed anew when it starts.");
  const there = clusters.get(placement.cluster);
  if (there?.health !== "live") return refuse(`${outOfReach(placement.cluster, there)}; nothing there is touched.`);
  const next = nextPlace(request, placement, wish, ledger);
  if (!next.isPlaced) return refuse(`It would stop and then find no room. ${next.reason}`);
  const asked = [wish.cluster, wish.domain].filter((word) => word !== null).join("/");
  if (!isAsWished(next.placement, wish))
    return refuse(`It can't go to ${asked}. ${common.refusals[0]?.message ?? "There is no such place."}`);
  if (next.placement === placement)
    return refuse(`Nothing else has room for it: it would start again in ${placeText(placement)}.`);
  const where = placeText(next.placement);
  const isSamePlace = where === placeText(placement);
  const isCopiedFirst = next.placement.cluster !== placement.cluster && canBeCopied(state, group, toRevision);
  const start = `Incarnation ${nextIncarnation(group)} starts at revision ${toRevision}: ${startOrder(state, toRevision)}.`;
  return {
    ...common,
    canMove: true,
    why: isSamePlace
      ? `It stays in ${where} and starts there by the placement that the set asks for now. ${next.placement.why}`
      : `It goes to ${where}. ${next.placement.why}`,
    to: placeOf(next.placement),
    isCopiedFirst,
    podsStopped: pods,
    steps: isCopiedFirst
      ? [
          `It is placed on ${next.placement.cluster} by what has room then: now that is ${where}. Incarnation ${group.incarnation} goes on meanwhile.`,
          start,
          `When all of it is ready, all ${plural(pods, "pod")} of incarnation ${group.incarnation} on ${placement.cluster} stop. If it does not become ready within ${duration(state.spec.rollout.progressDeadlineSeconds * 1000)}, the move is undone.`,
        ]
      : [
          `All ${plural(pods, "pod")} of incarnation ${group.incarnation} stop at once.`,
          `When everything of it is gone, it is placed by what has room then: now that is ${where}. Its present place is kept for it until then.`,
          start,
        ],
  };
}

/** All places that would hold it but its own. */
function choicesOf(decision: PlacementDecision, present: GroupPlacement): readonly MoveChoice[] {
  if (!decision.placed) return [];
  const { cluster, domain, others } = decision;
  const own = present.domain ?? present.prefers ?? null;
  return [{ cluster, domain }, ...others]
    .map((place) => ({ cluster: place.cluster, domain: place.domain?.value ?? null }))
    .filter((place) => place.cluster !== present.cluster || place.domain !== (own?.value ?? null));
}

function isAsWished({ cluster, domain }: GroupPlacement, wish: PlaceWish): boolean {
  return (wish.cluster ?? cluster) === cluster && (wish.domain === null || wish.domain === domain?.value);
}

/** Two revisions of a group never run at the same time. */
function canBeCopied(state: SetState, group: GroupState, toRevision: number): boolean {
  const isUpdating = group.roleUpdate !== null || group.restartSeen < state.rollout.restart;
  return !isUpdating && runsSame(state, toRevision, group.revision);
}

function startOrder(state: SetState, revision: number): string {
  const roles = groupRoles(state, revision);
  if (state.spec.startupPolicy !== "Ordered") return `${roles.map(({ role }) => role).join(", ")} at once`;
  return startupWaves(roles)
    .map((names) => names.join(", "))
    .join(" → ");
}

const placeOf = ({ cluster, domain, prefers }: NonNullable<GroupState["placement"]>): MovePlace => ({
  cluster,
  domain: domain?.value ?? null,
  prefers: prefers?.value ?? null,
});
