export * from "./answers.ts";
export { attentionItems } from "./attention.ts";
export {
  type ClusterModel,
  clusterDetail,
  clusterNodes,
  clusterPods,
  clusterRow,
  domainKey,
  nodeView,
  RACK_LABEL,
  ZONE_LABEL,
} from "./cluster-view.ts";
export { gpusOf } from "./gpus.ts";
export { copyPods, groupPods, groupView } from "./group-view.ts";
export { type MoveView, moveView } from "./move-view.ts";
export { type OwnershipModel, ownershipMessage, UNKNOWN_OWNERSHIP } from "./ownership-view.ts";
export { type PodContext, podView } from "./pod-view.ts";
export type { PreviewInput } from "./preview-input.ts";
export { previewView } from "./preview-view.ts";
export { podsByGroup, type SetModel } from "./set-model.ts";
export { gpusPerGroup, readOnlyReason, setDetail, setKeyText, setRow } from "./set-view.ts";
export * from "./types.ts";
export { objectYaml, revisionYaml } from "./yaml-text.ts";
