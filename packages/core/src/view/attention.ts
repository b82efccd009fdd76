import { type GroupPhase, type GroupState, type GroupStatus, homeOf, type SetState } from "../model/index.ts";
import { problemsText } from "../spec/problem.ts";
import { isStale, type SetModel } from "./set-model.ts";
import { setKeyText } from "./set-view.ts";
import type { AttentionItem, ClusterRow } from "./types.ts";

/** So many things that need a person are told one by one; more would hide the worst. */
const MAX_ITEMS = 200;

const SEVERITY: Readonly<Record<GroupPhase, AttentionItem["severity"] | null>> = {
  Failed: "failed",
  Degraded: "warning",
  Recovering: "warning",
  Updating: null,
  Starting: null,
  Pending: "waiting",
  Deleting: null,
  Unknown: null, // told once for its cluster
  Ready: null,
};
const RANK = { failed: 0, warning: 1, waiting: 2 } as const;

/** What needs a look, worst first, then the longest waiting; each with the place to look at. */
export function attentionItems(
  sets: readonly SetModel[],
  clusters: readonly { readonly row: ClusterRow; readonly sinceMs: number }[],
): readonly AttentionItem[] {
  const items = [...clusters.flatMap(clusterItems), ...sets.flatMap(setItems)];
  return items
    .sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.sinceMs - b.sinceMs || (a.key < b.key ? -1 : 1))
    .slice(0, MAX_ITEMS);
}

function clusterItems({ row, sinceMs }: { row: ClusterRow; sinceMs: number }): readonly AttentionItem[] {
  if (row.health === "foreign") return [foreignItem(row, sinceMs)];
  if (row.health !== "unreachable" && row.health !== "stale") return [];
  const href = `/clusters/${row.name}`;
  return [
    {
      key: `cluster/${row.name}`,
      severity: "failed",
      phase: "Unreachable",
      title: row.name,
      place: "cluster",
      message: row.message ?? "No contact. Nothing there is touched until it answers.",
      untilMs: null,
      sinceMs: row.lastContactMs ?? sinceMs,
      href,
      action: { label: "Open cluster", href },
    },
  ];
}

/** Where groups of ours are, nobody of ours looks after them. */
function foreignItem(row: ClusterRow, sinceMs: number): AttentionItem {
  const href = `/clusters/${row.name}`;
  return {
    key: `cluster/${row.name}`,
    severity: row.groups > 0 ? "failed" : "warning",
    phase: "Foreign",
    title: row.name,
    place: "cluster",
    message: row.message ?? "It belongs to another control plane.",
    untilMs: null,
    sinceMs,
    href,
    action: { label: "Open cluster", href },
  };
}

function setItems(model: SetModel): readonly AttentionItem[] {
  const { state, status } = model;
  const stalled = state.rollout.stalledReason;
  const items: AttentionItem[] = state.groups.flatMap((group) => {
    const groupStatus = status.groups.find((candidate) => candidate.index === group.index);
    const refused = model.refusedOf(group.index);
    if (groupStatus === undefined || isStale(model, group)) return [];
    return groupItems(model, group, groupStatus, refused);
  });
  const refused = model.refusedOf(null);
  if (refused !== null && !state.isDeleting) {
    items.push({
      key: `entry/${keyOf(state)}`,
      severity: "failed",
      phase: status.phase,
      title: state.name,
      place: "entry",
      message: refused,
      untilMs: null,
      sinceMs: model.changedAtMs,
      href: hrefOf(state, ""),
      action: { label: "Open set", href: hrefOf(state, "") },
    });
  }
  if (state.resource !== null && state.resource.problems.length > 0 && !state.isDeleting) {
    items.push({
      key: `refused/${keyOf(state)}`,
      severity: "warning",
      phase: status.phase,
      title: state.name,
      place: state.resource.cluster,
      message: `The definition there is not accepted, and the last accepted one goes on. ${problemsText(state.resource.problems)}`,
      untilMs: null,
      sinceMs: model.changedAtMs,
      href: hrefOf(state, ""),
      action: { label: "Open set", href: hrefOf(state, "") },
    });
  }
  if (stalled !== null) {
    items.push({
      key: `rollout/${keyOf(state)}`,
      severity: "failed",
      phase: status.phase,
      title: state.name,
      place: "rollout",
      message: stalled,
      untilMs: null,
      sinceMs: state.rollout.startedAtMs ?? model.changedAtMs,
      href: hrefOf(state, "tab=rollouts"),
      action: { label: "Open rollout", href: hrefOf(state, "tab=rollouts") },
    });
  }
  return items;
}

const keyOf = ({ namespace, name, resource }: SetState): string =>
  setKeyText({ namespace, name, home: homeOf({ resource }) });

function hrefOf(state: SetState, query: string): string {
  const home = homeOf(state);
  const parts = [home === null ? "" : `home=${home}`, query].filter((part) => part !== "");
  return `/sets/${state.namespace}/${state.name}${parts.length === 0 ? "" : `?${parts.join("&")}`}`;
}

function groupItems(
  { state }: SetModel,
  group: GroupState,
  status: GroupStatus,
  refused: string | null,
): readonly AttentionItem[] {
  const severity = refused === null ? SEVERITY[status.phase] : "failed";
  if (severity === null || state.isDeleting) return [];
  const href = hrefOf(state, `group=${group.index}`);
  const where = [status.cluster, status.domain].filter((part) => part !== null).join("/");
  return [
    {
      key: `group/${keyOf(state)}/${group.index}`,
      severity,
      phase: status.phase,
      title: `${state.name} group ${group.index}`,
      place: where === "" ? "not placed" : where,
      message: refused ?? status.message ?? status.phase,
      untilMs: status.untilMs,
      sinceMs: group.sinceMs,
      href,
      action: { label: "Open group", href },
    },
  ];
}
