/** The sandbox: simulated Kubernetes clusters for the demo and the tests. */
export type { DeleteOptions, ListOptions, ResourceName, SimApi, SimClock, SimEvent, WriteOptions } from "./sim/api.ts";
export { createSteppedClock, realClock, type SteppedClock } from "./sim/clock.ts";
export { type Controllers, type LogQuery, type PodLogs, startControllers } from "./sim/controllers/index.ts";
export { type ApiServer, startApiServer } from "./sim/http.ts";
export { LEADER_WORKER_SETS } from "./sim/leader-worker-set/definition.ts";
export { createSandbox, type Sandbox, type SandboxCluster, type SandboxOptions } from "./sim/sandbox.ts";
export { ApiError } from "./sim/status.ts";
export { createStore, type Store, type StoreOptions } from "./sim/store.ts";
export { type NodeSpec, SANDBOX_RACKS, SANDBOX_ZONES, settleWorld, type World } from "./sim/world.ts";
