export { podHostPorts, podRequests, roleDemands } from "./demand.ts";
export { mayStillCome } from "./exclusion.ts";
export { CLUSTER_NAME_LABEL, hasSelector, hostsOf, wantedClusters } from "./hosts.ts";
export { type ClusterAccount, type Ledger, openLedger } from "./ledger.ts";
export { referencesOf } from "./missing.ts";
export { type PlacementRequest, placeGroup, placementOf } from "./place-group.ts";
export { parseQuantity, parseResource, parseResources } from "./quantity.ts";
export { groupDemands, reservationOf, reservationsOf } from "./reservations.ts";
export * from "./types.ts";
