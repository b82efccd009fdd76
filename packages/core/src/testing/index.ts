export { aCluster, aContainer, aNode, aPod, aRole, aSet, aSpec, clustersOf, RACK } from "./builders.ts";
export { Operated, World } from "./world.ts";
