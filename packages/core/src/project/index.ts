export { type Discovery, renderDiscovery } from "./discovery.ts";
export { renderConfigMaps, renderGroupObjects, renderOwner, renderServices } from "./group-objects.ts";
export { contentHashOf, dataHash, ownerReference } from "./labels.ts";
export { type RolePort, rolePorts } from "./ports.ts";
export {
  type ClusterAbilities,
  renderWorkloads,
  type WantedWorkload,
  wantedWorkloads,
  workloadObject,
} from "./workloads.ts";
