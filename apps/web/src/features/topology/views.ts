export const TOPOLOGY_VIEWS = ["group", "cluster", "list"] as const;
export type TopologyView = (typeof TOPOLOGY_VIEWS)[number];
