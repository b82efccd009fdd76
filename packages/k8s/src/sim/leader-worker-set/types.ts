/** The fields of a LeaderWorkerSet that its controller reads, and the keys that it writes on what it makes. */
import type { KubeObject } from "@openpatio/core/model";
import type { Condition, PodTemplate, StatefulSet } from "../controllers/objects.ts";

export const RESOURCE = "leaderworkersets.leaderworkerset.x-k8s.io";
export const SETS = "statefulsets.apps";
export const COMPONENT = "leaderworkerset";
export const MANAGER = { fieldManager: "lws" } as const;

const PREFIX = "leaderworkerset.sigs.k8s.io";

export const KEY = {
  setName: `${PREFIX}/name`,
  groupIndex: `${PREFIX}/group-index`,
  workerIndex: `${PREFIX}/worker-index`,
  groupHash: `${PREFIX}/group-key`,
  revision: `${PREFIX}/template-revision-hash`,
  size: `${PREFIX}/size`,
  replicas: `${PREFIX}/replicas`,
  leaderName: `${PREFIX}/leader-name`,
  subdomainPolicy: `${PREFIX}/subdomainPolicy`,
  exclusiveTopology: `${PREFIX}/exclusive-topology`,
  subGroupSize: `${PREFIX}/subgroup-size`,
  subGroupPolicyType: `${PREFIX}/subgroup-policy-type`,
  subGroupIndex: `${PREFIX}/subgroup-index`,
  subGroupHash: `${PREFIX}/subgroup-key`,
  subGroupExclusiveTopology: `${PREFIX}/subgroup-exclusive-topology`,
} as const;

type LeaderWorkerTemplate = {
  readonly leaderTemplate?: PodTemplate;
  readonly workerTemplate: PodTemplate;
  readonly size: number;
  readonly restartPolicy: string;
  readonly subGroupPolicy?: { readonly subGroupPolicyType?: string; readonly subGroupSize?: number };
  readonly volumeClaimTemplates?: NonNullable<StatefulSet["spec"]["volumeClaimTemplates"]>;
  readonly persistentVolumeClaimRetentionPolicy?: NonNullable<
    StatefulSet["spec"]["persistentVolumeClaimRetentionPolicy"]
  >;
};

/** As stored: the defaults of the schema and of the webhook are there. */
export type LeaderWorkerSet = KubeObject & {
  readonly spec: {
    readonly replicas: number;
    readonly startupPolicy: string;
    readonly leaderWorkerTemplate: LeaderWorkerTemplate;
    readonly networkConfig: { readonly subdomainPolicy: string };
    readonly rolloutStrategy: {
      readonly type: string;
      readonly rollingUpdateConfiguration: {
        readonly partition: number;
        readonly maxUnavailable: number | string;
        readonly maxSurge: number | string;
      };
    };
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly hpaPodSelector?: string;
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
  };
};

/** The number at the end of a pod's name; -1 when there is none. */
export function ordinalOf(podName: string): number {
  const digits = /-(\d+)$/u.exec(podName)?.[1];
  return digits === undefined ? -1 : Number(digits);
}

export function revisionKeyOf(object: KubeObject): string {
  return object.metadata.labels?.[KEY.revision] ?? "";
}
