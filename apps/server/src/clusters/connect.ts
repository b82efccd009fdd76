import { DomainError } from "@openpatio/core/errors";
import type { ClusterPort, WriteGuard } from "@openpatio/core/ports";
import { CRDS, contactApiServer, KubeCluster, parseKubeconfig } from "@openpatio/k8s";
import type { Connection } from "./fleet.ts";

/** Requests per second to one cluster; the sandbox on this machine has nobody else to be fair to. */
const SANDBOX_REQUESTS_PER_SECOND = 500;

export function connectCluster(
  { name, kubeconfig, context, isSimulated }: Connection,
  guard?: WriteGuard,
): ClusterPort {
  return new KubeCluster({
    name,
    kubeconfig: read(kubeconfig, context),
    isSimulated,
    definitions: CRDS,
    ...(guard === undefined ? {} : { guard }),
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

/**
 * What tells one cluster from every other, whatever it is called and by whichever address it is reached: the UID of its
 * first namespace. Null when these credentials may not look, or nothing answers.
 */
export async function identityOf(port: Pick<ClusterPort, "read">): Promise<string | null> {
  try {
    const namespace = await port.read("v1", "Namespace", "", "kube-system");
    return namespace?.metadata.uid ?? null;
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

/** Asks a cluster that is not connected to. */
export async function askOnce<T>(
  connection: Connection,
  ask: (port: Pick<ClusterPort, "read" | "leases">) => Promise<T>,
): Promise<T> {
  const port = connectCluster(connection);
  try {
    return await ask(port);
  } finally {
    await port.stop();
  }
}

const read = (kubeconfig: string, context: string | null) =>
  parseKubeconfig(kubeconfig, context === null ? {} : { context }).kubeconfig;
