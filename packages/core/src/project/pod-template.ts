import {
  ANNOTATION,
  configMapName,
  type Domain,
  envMapName,
  type Fields,
  fields,
  type GroupRole,
  groupName,
  instanceName,
  LABEL,
  LWS_LABEL,
  podTemplateOf,
  records,
  type SetState,
} from "../model/index.ts";
import { leaderAddress } from "./addresses.ts";
import { keepOff, pinToDomain, preferDomain } from "./affinity.ts";
import { roleLabels } from "./labels.ts";

type Env = { readonly name: string; readonly [field: string]: unknown };

const DISCOVERY_PATH = "/etc/rbg";

export type PodTemplateInput = {
  readonly set: Pick<SetState, "id" | "name" | "namespace">;
  readonly index: number;
  readonly incarnation: number;
  readonly revisionHash: string;
  readonly groupMetadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly role: GroupRole;
  /** The template of the workers of a multi-node role, not that of its leaders. */
  readonly isWorker?: boolean;
  /** Where its pods must run. */
  readonly domain: Domain | null;
  /** Where they had better run. */
  readonly prefers: Domain | null;
  /** Domains that others hold alone. */
  readonly avoid: readonly Domain[];
};

/**
 * The user's pod template with what a group adds: labels, discovery file and environment, the pin to its domain.
 *
 * Guarantees: nothing in it depends on replica counts. An environment variable that the user defines stays theirs, and
 * ours come first, so that `$(RBG_ROLE_INDEX)` expands in them.
 */
export function renderPodTemplate(input: PodTemplateInput): Fields {
  const { set, index, role, groupMetadata } = input;
  const template = podTemplateOf(role.content, input.isWorker === true ? 1 : null);
  const metadata = fields(template["metadata"]);
  const spec = fields(template["spec"]);
  const volume = freeVolumeName(spec);
  const addDiscovery = (container: Fields): Fields => discoverable(container, input, volume);

  return {
    ...template,
    metadata: {
      ...metadata,
      labels: {
        ...groupMetadata.labels,
        ...fields(metadata["labels"]),
        ...roleLabels(set, index, role.role),
        [LABEL.incarnation]: String(input.incarnation),
        [LABEL.revisionHash]: input.revisionHash,
      },
      annotations: {
        ...groupMetadata.annotations,
        ...fields(metadata["annotations"]),
        [ANNOTATION.setId]: set.id,
      },
    },
    spec: {
      ...spec,
      ...(spec["hostNetwork"] === true && spec["dnsPolicy"] === undefined
        ? { dnsPolicy: "ClusterFirstWithHostNet" }
        : {}),
      ...affinityOf(spec["affinity"], input),
      ...(spec["initContainers"] === undefined
        ? {}
        : { initContainers: records(spec["initContainers"]).map(addDiscovery) }),
      containers: records(spec["containers"]).map(addDiscovery),
      volumes: [...records(spec["volumes"]), { name: volume, configMap: { name: configMapName(set.name, index) } }],
    },
  };
}

function affinityOf(own: unknown, { domain, prefers, avoid }: PodTemplateInput): { readonly affinity?: unknown } {
  if (domain !== null) return { affinity: pinToDomain(own, domain) };
  if (prefers === null && avoid.length === 0) return {};
  const drawn = prefers === null ? own : preferDomain(own, prefers);
  return { affinity: avoid.length === 0 ? drawn : keepOff(drawn, avoid) };
}

function discoverable(container: Fields, input: PodTemplateInput, volume: string): Fields {
  const own = records(container["env"]) as readonly Env[];
  const taken = new Set(own.map((variable) => variable.name));
  return {
    ...container,
    env: [...discoveryEnv(input).filter((variable) => !taken.has(variable.name)), ...own],
    envFrom: [{ configMapRef: { name: envMapName(input.set.name, input.index) } }, ...records(container["envFrom"])],
    volumeMounts: [...records(container["volumeMounts"]), { name: volume, mountPath: DISCOVERY_PATH, readOnly: true }],
  };
}

function discoveryEnv({ set, index, role }: PodTemplateInput): readonly Env[] {
  const group = groupName(set.name, index);
  const roleIndex = fromLabel(roleIndexLabel(role));
  return [
    { name: "RBG_GROUP_NAME", value: group },
    { name: "GROUP_NAME", value: group },
    { name: "RBG_SET_NAME", value: set.name },
    { name: "RBG_GROUP_INDEX", value: String(index) },
    { name: "RBG_ROLE_NAME", value: role.role },
    { name: "ROLE_NAME", value: role.role },
    ...(role.kind === "Deployment"
      ? []
      : [
          { name: "RBG_ROLE_INDEX", valueFrom: roleIndex },
          { name: "ROLE_INDEX", valueFrom: roleIndex },
        ]),
    ...(role.content.leaderWorker?.size === undefined
      ? [{ name: "RBG_ROLE_INSTANCE_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }]
      : leaderWorkerEnv(set, index, role)),
  ];
}

/** All instances share one template: their addresses are made of the index, which stands before them in the list. */
function leaderWorkerEnv(set: PodTemplateInput["set"], index: number, role: GroupRole): readonly Env[] {
  const instance = "$(RBG_ROLE_INDEX)";
  const workerIndex = role.kind === "LeaderWorkerSet" ? LWS_LABEL.workerIndex : POD_INDEX;
  return [
    { name: "RBG_ROLE_INSTANCE_NAME", value: instanceName(set.name, index, role.role, instance) },
    { name: "RBG_LWP_LEADER_ADDRESS", value: leaderAddress(set, index, role, instance) },
    { name: "RBG_LWP_WORKER_INDEX", valueFrom: fromLabel(workerIndex) },
    { name: "RBG_LWP_GROUP_SIZE", value: String(role.size) },
  ];
}

const POD_INDEX = "apps.kubernetes.io/pod-index";

function roleIndexLabel(role: GroupRole): string {
  if (role.kind === "LeaderWorkerSet") return LWS_LABEL.groupIndex;
  return role.isPerInstance ? LABEL.instance : POD_INDEX;
}

const fromLabel = (label: string) => ({ fieldRef: { fieldPath: `metadata.labels['${label}']` } });

function freeVolumeName(spec: Fields): string {
  const taken = new Set(records(spec["volumes"]).map((volume) => volume["name"]));
  let name = "rbg-config";
  while (taken.has(name)) name = `${name}-x`;
  return name;
}
