export { podHostPorts, podRequests, roleDemands } from "./demand.ts";
export { parseQuantity, parseResource, parseResources } from "./quantity.ts";
export * from "./types.ts";
