export { podHostPorts, podRequests, roleDemands } from "./demand.ts";
export { type ClusterAccount, type Ledger, openLedger } from "./ledger.ts";
export { type PlacementRequest, placeGroup } from "./place-group.ts";
export { parseQuantity, parseResource, parseResources } from "./quantity.ts";
export { groupDemands, reservationOf, reservationsOf } from "./reservations.ts";
export * from "./types.ts";
