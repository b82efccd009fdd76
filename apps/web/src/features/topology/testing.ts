import type { GroupView, NodeView, PodView, RoleView, SetDetail } from "@openpatio/core/view";

/** Builders of entries for the tests of this folder and of the set page. */

const AT_MS = Date.UTC(2026, 0, 1, 10, 0, 0);

export function roleView(role: string, replicas: number, dependencies: readonly string[] = []): RoleView {
  return {
    role,
    kind: "StatefulSet",
    replicas,
    size: 1,
    dependencies,
    wave: 1,
    gpusPerPod: 4,
    gpusPerInstance: 4,
    image: "engine:1",
    onPodFailure: "Recreate",
    isExternal: false,
    readyPods: 0,
    wantedPods: replicas,
  };
}

export function setDetail(roles: readonly RoleView[], changes: Partial<SetDetail> = {}): SetDetail {
  return {
    namespace: "default",
    name: "demo",
    home: null,
    readOnlyReason: null,
    phase: "Ready",
    message: null,
    tiles: [],
    replicas: 1,
    readyGroups: 1,
    pods: 0,
    readyPods: 0,
    gpus: 0,
    currentRevision: 1,
    updateRevision: 1,
    clusters: ["west"],
    isStale: false,
    isSimulated: false,
    labels: {},
    changedAtMs: AT_MS,
    id: "1",
    generation: 1,
    startupPolicy: "Ordered",
    isDeleting: false,
    roles,
    revisions: [],
    rollout: {
      strategy: "GroupRolling",
      onFailure: "Pause",
      target: 1,
      current: 1,
      isActive: false,
      isPaused: false,
      stalledReason: null,
      canAbort: false,
      partition: 0,
      maxSurge: 0,
      extraGroups: 0,
      heldBack: 0,
      startedAtMs: null,
      updatedGroups: 1,
      maxUnavailable: 1,
      partitionMessage: null,
      returnedFrom: null,
      message: "Every group is on revision 1. A change takes 1 group at a time.",
    },
    conditions: [],
    topologyKey: null,
    exclusive: "None",
    fights: [],
    isOrphaning: false,
    hasVolumes: false,
    entry: null,
    createdAtMs: AT_MS,
    ...changes,
  };
}

export function groupView(index: number, roles: readonly RoleView[], changes: Partial<GroupView> = {}): GroupView {
  return {
    index,
    isSurge: false,
    name: `demo-${index}`,
    phase: "Ready",
    cluster: "west",
    domain: "rack-a",
    revision: 1,
    fromRevision: null,
    incarnation: 1,
    nextIncarnation: null,
    sinceMs: AT_MS,
    message: null,
    untilMs: null,
    roles: roles.map((role) => ({
      role: role.role,
      ready: role.replicas,
      replicas: role.replicas,
      size: role.size,
      stage: "done",
      waitsFor: [],
      restart: null,
      behind: null,
    })),
    cause: null,
    history: [],
    refusals: [],
    placementWhy: null,
    prefers: null,
    exclusive: "None",
    copies: [],
    placementNotes: [],
    isStale: false,
    ...changes,
  };
}

export function podView(group: number, role: string, ordinal: number | null, changes: Partial<PodView> = {}): PodView {
  const name = `demo-${group}-${role}-${ordinal ?? "x7k2p"}`;
  return {
    uid: `uid-${name}`,
    cluster: "west",
    namespace: "default",
    name,
    set: "demo",
    group,
    role,
    ordinal,
    worker: null,
    incarnation: 1,
    state: "ready",
    stateText: "ready",
    progress: null,
    node: "node-1",
    gpus: 4,
    createdAtMs: AT_MS,
    readySinceMs: AT_MS,
    deletingSinceMs: null,
    ip: null,
    containers: [],
    isStale: false,
    ...changes,
  };
}

/** One pod for each replica of each role. */
export function podsOf(group: number, roles: readonly RoleView[], changes: Partial<PodView> = {}): readonly PodView[] {
  return roles.flatMap((role) =>
    Array.from({ length: role.replicas }, (_, ordinal) => podView(group, role.role, ordinal, changes)),
  );
}

export function nodeView(name: string, rack: string, changes: Partial<NodeView> = {}): NodeView {
  return {
    name,
    zone: null,
    rack,
    labels: {},
    isReady: true,
    isCordoned: false,
    message: null,
    gpus: 8,
    gpusUsed: 0,
    pods: 0,
    cpuFraction: 0,
    memoryFraction: 0,
    ...changes,
  };
}
