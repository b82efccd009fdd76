import type { ClusterPort } from "@openpatio/core/ports";
import { CRDS, KubeCluster, parseKubeconfig } from "@openpatio/k8s";
import type { Connection } from "./fleet.ts";

/** Requests per second to one cluster; the sandbox on this machine has nobody else to be fair to. */
const SANDBOX_REQUESTS_PER_SECOND = 500;

export function connectCluster({ name, kubeconfig, context, isSimulated }: Connection): ClusterPort {
  return new KubeCluster({
    name,
    kubeconfig: parseKubeconfig(kubeconfig, context === null ? {} : { context }).kubeconfig,
    isSimulated,
    definitions: CRDS,
    ...(isSimulated
      ? { limits: { requestsPerSecond: SANDBOX_REQUESTS_PER_SECOND, burst: SANDBOX_REQUESTS_PER_SECOND } }
      : {}),
  });
}
