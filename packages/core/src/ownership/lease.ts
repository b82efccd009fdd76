import { fields, type KubeObject, MANAGER } from "../model/index.ts";

/**
 * The `coordination.k8s.io/v1` Lease that names the control plane to which a cluster belongs. It lies in each namespace
 * that a control plane is limited to, or, for one that is not, in {@link WHOLE_CLUSTER}.
 */
export const LEASE_NAME = "openpatio";
export const WHOLE_CLUSTER = "kube-system";

const ANNOTATION = { controlPlane: "openpatio.io/control-plane", nonce: "openpatio.io/lease-nonce" } as const;

export type OwnerLease = {
  readonly namespace: string;
  readonly uid: string;
  readonly version: string;
  /** Id of the control plane; what it says of its holder where another program wrote it. */
  readonly holder: string;
  /** For people: the machine and the beginning of the id. */
  readonly holderName: string;
  /** Another one with every renewal. Null where another program wrote it. */
  readonly nonce: string | null;
  /** How often it went to another holder. */
  readonly transitions: number;
  /** By the clock of who wrote it: to be shown, never to be decided on. */
  readonly renewTime: string | null;
  readonly acquireTime: string | null;
};

/** One time of holding it: a take-over is of this one, and of none after it. */
export const termOf = ({ namespace, uid, holder, transitions }: OwnerLease): string =>
  `${namespace} ${uid} ${holder} ${transitions}`;

export const leaseText = ({ namespace }: Pick<OwnerLease, "namespace">): string => `${namespace}/${LEASE_NAME}`;

export function readLease(object: KubeObject): OwnerLease {
  const { namespace = "", uid = "", resourceVersion = "", annotations = {} } = object.metadata;
  const spec = fields(object["spec"]);
  const identity = textOf(spec["holderIdentity"]) ?? "nobody";
  const id = annotations[ANNOTATION.controlPlane];
  const host = identity.slice(0, Math.max(0, identity.lastIndexOf("_")));
  return {
    namespace,
    uid,
    version: resourceVersion,
    holder: id ?? identity,
    holderName: id === undefined ? identity : `${host} (${id.slice(0, 8)})`,
    nonce: annotations[ANNOTATION.nonce] ?? null,
    transitions: typeof spec["leaseTransitions"] === "number" ? spec["leaseTransitions"] : 0,
    renewTime: textOf(spec["renewTime"]),
    acquireTime: textOf(spec["acquireTime"]),
  };
}

/** What is written to hold it: over `before` where there is one. */
export function leaseObject(wanted: {
  readonly namespace: string;
  readonly controlPlane: string;
  readonly host: string;
  readonly nonce: string;
  /** Now, as an ISO date. */
  readonly at: string;
  readonly durationMs: number;
  readonly before: OwnerLease | null;
}): KubeObject {
  const { namespace, controlPlane, host, nonce, before } = wanted;
  const at = wanted.at.replace(/\.(\d{3})Z$/, ".$1000Z");
  const isRenewal = before?.holder === controlPlane;
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: LEASE_NAME,
      namespace,
      ...(before === null ? {} : { uid: before.uid, resourceVersion: before.version }),
      labels: { "app.kubernetes.io/managed-by": MANAGER },
      annotations: { [ANNOTATION.controlPlane]: controlPlane, [ANNOTATION.nonce]: nonce },
    },
    spec: {
      holderIdentity: `${host}_${controlPlane}`,
      leaseDurationSeconds: Math.max(1, Math.round(wanted.durationMs / 1000)),
      acquireTime: (isRenewal ? before.acquireTime : null) ?? at,
      renewTime: at,
      leaseTransitions: before === null ? 0 : before.transitions + (isRenewal ? 0 : 1),
    },
  };
}

const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
