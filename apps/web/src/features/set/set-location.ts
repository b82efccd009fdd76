import type { Selection } from "#features/topology/keyboard.ts";
import { TOPOLOGY_VIEWS, type TopologyView } from "#features/topology/views.ts";

export const SET_TABS = ["topology", "groups", "rollouts", "timeline", "discovery", "yaml"] as const;
export type SetTab = (typeof SET_TABS)[number];

export type SetLocation = {
  readonly tab: SetTab;
  readonly view: TopologyView;
  readonly selection: Selection;
};

/** What a link to the set page says; unknown words count as absent. */
export function readSetLocation(params: URLSearchParams): SetLocation {
  const tab = params.get("tab");
  const view = params.get("view");
  const group = params.get("group");
  return {
    tab: SET_TABS.find((item) => item === tab) ?? "topology",
    view: TOPOLOGY_VIEWS.find((item) => item === view) ?? "group",
    selection: {
      group: group !== null && /^\d{1,6}$/.test(group) ? Number(group) : null,
      pod: params.get("pod"),
    },
  };
}
