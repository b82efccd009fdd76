import type { ClusterPort } from "@openpatio/core/ports";
import { CRDS, contactApiServer, KubeCluster, parseKubeconfig } from "@openpatio/k8s";
import type { Connection } from "./fleet.ts";

/** Requests per second to one cluster; the sandbox on this machine has nobody else to be fair to. */
const SANDBOX_REQUESTS_PER_SECOND = 500;

export function connectCluster({ name, kubeconfig, context, isSimulated }: Connection): ClusterPort {
  return new KubeCluster({
    name,
    kubeconfig: read(kubeconfig, context),
    isSimulated,
    definitions: CRDS,
    ...(isSimulated
      ? { limits: { requestsPerSecond: SANDBOX_REQUESTS_PER_SECOND, burst: SANDBOX_REQUESTS_PER_SECOND } }
      : {}),
  });
}

/** So long a person waits for the answer of a cluster that is being registered. */
const CONTACT_TIMEOUT_MS = 8_000;

/** Errors: DomainError `cluster.unreachable`, not to be tried again unchanged, with what is wrong and what to do. */
export function contactCluster({ name, kubeconfig, context }: Connection): Promise<void> {
  return contactApiServer({ name, kubeconfig: read(kubeconfig, context), timeoutMs: CONTACT_TIMEOUT_MS });
}

const read = (kubeconfig: string, context: string | null) =>
  parseKubeconfig(kubeconfig, context === null ? {} : { context }).kubeconfig;
