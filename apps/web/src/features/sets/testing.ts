import type { SetRow } from "@openpatio/core/view";

/** A row of the sets list for tests: two groups, all ready. */
export const aSetRow = (name: string, more: Partial<SetRow> = {}): SetRow => ({
  namespace: "default",
  name,
  home: null,
  readOnlyReason: null,
  phase: "Ready",
  message: null,
  tiles: [],
  replicas: 2,
  readyGroups: 2,
  pods: 4,
  readyPods: 4,
  gpus: 8,
  currentRevision: 1,
  updateRevision: 1,
  clusters: ["sandbox-racks"],
  isStale: false,
  isSimulated: true,
  labels: {},
  changedAtMs: 0,
  ...more,
});
