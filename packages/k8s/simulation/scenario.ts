import { type SetSpec, SetSpecInput } from "@openpatio/core/spec";
import fc from "fast-check";

/** Random sets as data, and the edits that users make to them. */

type RoleDesign = {
  /** Bit i: waits for the i-th role, where that stands before it. So there are no cycles. */
  readonly waitsFor: number;
  readonly replicas: number;
  readonly gpus: number;
  /** Of one with several nodes: whether it is a LeaderWorkerSet. */
  readonly isDeployment: boolean;
  /** Pods of an instance: a leader and its workers. */
  readonly nodes: number;
  readonly minReadySeconds: number;
  readonly isIgnored: boolean;
  /** An outside autoscaler owns its count. */
  readonly isExternal: boolean;
  /** Each pod has a volume of its own; of a StatefulSet with one pod per instance. */
  readonly hasVolume: boolean;
};

export type SetDesign = {
  /** Which cluster it is on, counted round. */
  readonly cluster: number;
  /** Any of them, by being named or by labels that all have. */
  readonly reach: "one" | "named" | "chosen";
  readonly replicas: number;
  readonly roles: readonly RoleDesign[];
  readonly isParallel: boolean;
  readonly policies: Policies;
  readonly topology: "none" | "rack" | "zone";
  readonly isPreferred: boolean;
  readonly exclusive: "None" | "Group" | "Set" | "All";
  readonly hasEntry: boolean;
};

/** What says how, not what: changing it restarts nothing. */
export type Policies = {
  readonly strategy: "Pack" | "Spread";
  readonly whenFull: "Wait" | "CreatePods";
  readonly maxUnavailable: number | string;
  readonly maxSurge: number | string;
  readonly partition: number;
  readonly onFailure: "Pause" | "Rollback";
  readonly progressDeadlineSeconds: number;
  readonly recovery: "RecreateGroup" | "RecreateRole" | "None";
  readonly maxRecoveries: number | null;
  readonly rollout: "GroupRolling" | "RoleRolling";
  readonly forceDeleteAfterSeconds: number | null;
  readonly failoverAfterSeconds: number | null;
};

const often = <T>(usual: T, ...rare: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: rare.length, arbitrary: fc.constantFrom(...rare) });

const roleDesigns: fc.Arbitrary<RoleDesign> = fc.record({
  waitsFor: fc.nat({ max: 7 }),
  replicas: fc.constantFrom(1, 2, 1, 3, 0),
  gpus: fc.nat({ max: 2 }),
  isDeployment: often(false, true),
  nodes: often(1, 2),
  minReadySeconds: often(0, 3),
  isIgnored: often(false, true),
  isExternal: often(false, true),
  hasVolume: often(false, true),
});

export const policies: fc.Arbitrary<Policies> = fc.record({
  strategy: often("Pack", "Spread"),
  whenFull: often("Wait", "CreatePods"),
  maxUnavailable: fc.constantFrom<number | string>(1, 1, 2, "50%"),
  maxSurge: fc.constantFrom<number | string>(0, 0, 0, 1, 2, "50%"),
  partition: often(0, 0, 0, 1, 2),
  onFailure: often("Pause", "Rollback"),
  progressDeadlineSeconds: often(1_800, 20),
  recovery: fc.constantFrom("RecreateGroup", "RecreateGroup", "RecreateGroup", "RecreateRole", "RecreateRole", "None"),
  maxRecoveries: often<number | null>(null, null, null, 2),
  rollout: fc.constantFrom("GroupRolling", "GroupRolling", "RoleRolling"),
  forceDeleteAfterSeconds: often<number | null>(null, 20),
  failoverAfterSeconds: often<number | null>(null, 10, 60),
});

export const setDesigns: fc.Arbitrary<SetDesign> = fc.record({
  cluster: often(0, 1),
  reach: fc.constantFrom("one", "named", "chosen"),
  replicas: fc.integer({ min: 1, max: 3 }),
  roles: fc.array(roleDesigns, { minLength: 1, maxLength: 4 }),
  isParallel: often(false, true),
  policies,
  topology: fc.constantFrom("none", "rack", "rack", "zone"),
  isPreferred: often(false, true),
  exclusive: fc.constantFrom("None", "None", "Group", "Set", "All"),
  hasEntry: often(false, true),
});

const KEY_OF = { rack: "topology.kubernetes.io/rack", zone: "topology.kubernetes.io/zone" } as const;
const MAX_ROLES = 5;

type Role = SetSpec["groupTemplate"]["roles"][number];

export function specOf(design: SetDesign, clusters: readonly string[]): SetSpec {
  const { topology, exclusive, isPreferred, roles, isParallel, replicas } = design;
  const names = roles.map((_, i) => `r${i}`);
  const input = SetSpecInput.parse({
    startupPolicy: isParallel ? "Parallel" : "Ordered",
    groupTemplate: {
      roles: roles.map((role, i) => ({
        role: names[i],
        replicas: role.replicas,
        dependencies: names.slice(0, i).filter((_, bit) => (role.waitsFor >> bit) % 2 === 1),
        minReadySeconds: role.minReadySeconds,
        onPodFailure: role.isIgnored ? "Ignore" : "Recreate",
        ...(role.nodes > 1 ? { leaderWorker: { size: role.nodes } } : {}),
        workload: workloadOf(role),
        template: templateOf(1, role.gpus),
        scaling: { external: role.isExternal && role.nodes === 1 },
        ...(role.hasVolume && role.nodes === 1 && !role.isDeployment ? { volumeClaimTemplates: [VOLUME] } : {}),
      })),
    },
    placement: {
      clusters: {
        one: { names: [clusters[design.cluster % clusters.length]] },
        named: { names: clusters },
        chosen: { selector: { matchLabels: { fleet: "simulated" } } },
      }[design.reach],
      ...(topology === "none"
        ? {}
        : {
            topology: isPreferred
              ? { key: KEY_OF[topology], mode: "Preferred" }
              : { key: KEY_OF[topology], mode: "Required", exclusive },
          }),
    },
    ...(design.hasEntry ? { entry: { role: "r0", port: "http" } } : {}),
  });
  return withPolicies({ ...input, replicas }, design.policies);
}

const VOLUME = {
  metadata: { name: "cache" },
  spec: {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "zonal",
    resources: { requests: { storage: "1Gi" } },
  },
};

function workloadOf({ isDeployment, nodes }: RoleDesign): { readonly apiVersion: string; readonly kind: string } {
  if (!isDeployment) return { apiVersion: "apps/v1", kind: "StatefulSet" };
  return nodes > 1
    ? { apiVersion: "leaderworkerset.x-k8s.io/v1", kind: "LeaderWorkerSet" }
    : { apiVersion: "apps/v1", kind: "Deployment" };
}

export function withPolicies(spec: SetSpec, policy: Policies): SetSpec {
  const { strategy, whenFull, maxUnavailable, maxSurge, partition, onFailure, progressDeadlineSeconds } = policy;
  return {
    ...spec,
    placement: {
      ...spec.placement,
      strategy,
      whenFull,
      failover: { ...spec.placement.failover, afterSeconds: policy.failoverAfterSeconds },
    },
    rollout: {
      ...spec.rollout,
      strategy: policy.rollout,
      maxUnavailable,
      maxSurge,
      partition,
      onFailure,
      progressDeadlineSeconds,
    },
    recovery: {
      ...spec.recovery,
      policy: policy.recovery,
      maxRecoveries: policy.maxRecoveries,
      forceDeleteAfterSeconds: policy.forceDeleteAfterSeconds,
    },
  };
}

/** Nothing is held back any more, and nothing given up. */
export function withoutHolds(spec: SetSpec): SetSpec {
  return {
    ...spec,
    rollout: { ...spec.rollout, partition: 0 },
    recovery: { ...spec.recovery, maxRecoveries: null },
  };
}

function templateOf(tag: number, gpus: number): Role["template"] {
  const limits = { cpu: "2", ...(gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {}) };
  return { spec: { containers: [{ name: "engine", image: imageOf(tag), ports: [PORT], resources: { limits } }] } };
}

const PORT = { name: "http", containerPort: 8000 };

const imageOf = (tag: number): string => `engine:v${tag}`;

function withRoles({ entry, ...spec }: SetSpec, roles: readonly Role[]): SetSpec {
  // Clients go where they can: an entry to a role that is no more would be refused.
  const hasEntry = entry !== undefined && roles.some(({ role }) => role === entry.role);
  return { ...spec, ...(hasEntry ? { entry } : {}), groupTemplate: { ...spec.groupTemplate, roles: [...roles] } };
}

/** The role at `index`, counted round. */
const nth = (spec: SetSpec, index: number): number => index % spec.groupTemplate.roles.length;

export function withTag(spec: SetSpec, tag: number): SetSpec {
  return withRoles(
    spec,
    spec.groupTemplate.roles.map((role) => ({
      ...role,
      template: {
        ...role.template,
        spec: {
          ...role.template.spec,
          containers: role.template.spec.containers.map((each) => ({ ...each, image: imageOf(tag) })),
        },
      },
    })),
  );
}

export function withCount(spec: SetSpec, index: number, replicas: number): SetSpec {
  const { roles } = spec.groupTemplate;
  return withRoles(
    spec,
    roles.map((role, i) => (i === nth(spec, index) ? { ...role, replicas } : role)),
  );
}

export function withAddedRole(spec: SetSpec, { waitsFor, replicas }: { waitsFor: number; replicas: number }): SetSpec {
  const { roles } = spec.groupTemplate;
  const [first] = roles;
  if (first === undefined || roles.length >= MAX_ROLES) return spec;
  const name = freeName(spec);
  const before = roles.map(({ role }) => role).filter((role) => role < name);
  const dependencies = before.filter((_, bit) => (waitsFor >> bit) % 2 === 1);
  return withRoles(spec, [...roles, { ...first, role: name, replicas, dependencies, onPodFailure: "Recreate" }]);
}

export function withoutRole(spec: SetSpec, index: number): SetSpec {
  const { roles } = spec.groupTemplate;
  const gone = roles[nth(spec, index)]?.role;
  if (roles.length === 1) return spec;
  return withRoles(
    spec,
    roles
      .filter(({ role }) => role !== gone)
      .map((role) => ({ ...role, dependencies: role.dependencies.filter((name) => name !== gone) })),
  );
}

export function withRenamedRole(spec: SetSpec, index: number): SetSpec {
  const { roles } = spec.groupTemplate;
  const from = roles[nth(spec, index)]?.role;
  const to = freeName(spec);
  // Dependencies point to smaller names only, so that no later edit closes a cycle.
  return withRoles(
    spec,
    roles.map((role) => ({
      ...role,
      role: role.role === from ? to : role.role,
      dependencies: role.dependencies.filter((name) => name !== from),
    })),
  );
}

export function withDependencies(spec: SetSpec, index: number, waitsFor: number): SetSpec {
  const { roles } = spec.groupTemplate;
  return withRoles(
    spec,
    roles.map((role, i) => {
      if (i !== nth(spec, index)) return role;
      const before = roles.map((other) => other.role).filter((name) => name < role.role);
      return { ...role, dependencies: before.filter((_, bit) => (waitsFor >> bit) % 2 === 1) };
    }),
  );
}

/** Names that were used once are used again: what is late for an old role meets the new one. */
function freeName(spec: SetSpec): string {
  const used = new Set(spec.groupTemplate.roles.map(({ role }) => role));
  for (let i = 0; ; i++) if (!used.has(`r${i}`)) return `r${i}`;
}
