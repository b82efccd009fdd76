import type { KubeConfig } from "@kubernetes/client-node";
import { DomainError } from "@openpatio/core/errors";
import { ApiError } from "./api-error.ts";
import { ApiConnection, DEFAULT_LIMITS } from "./connection.ts";

/** Hardened clusters keep their version to themselves; that is an answer too. */
export const HIDES_VERSION: readonly number[] = [403, 404];

/**
 * Asks an API server once whether it answers and takes the credentials. Changes nothing there.
 *
 * Errors: DomainError `cluster.unreachable` with the reason and the remedy; never holds a credential.
 */
export async function contactApiServer(options: {
  readonly name: string;
  readonly kubeconfig: KubeConfig;
  readonly timeoutMs: number;
}): Promise<void> {
  const { name, kubeconfig, timeoutMs } = options;
  const connection = new ApiConnection({ kubeconfig, limits: DEFAULT_LIMITS, nowMs: () => Date.now() });
  try {
    await connection.request({ method: "GET", path: "/version", timeoutMs, isUrgent: true });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (HIDES_VERSION.includes(error.status)) return;
    const { server } = connection;
    const message =
      error.status === 401
        ? `The API server at ${server} does not accept the credentials of this kubeconfig: they may have expired or been revoked. Get a fresh kubeconfig and register ${name} with it.`
        : `The API server at ${server} does not answer: ${error.message}. Check the server's address in the kubeconfig, and that this machine can reach it (network, firewall, VPN).`;
    throw new DomainError("cluster.unreachable", message, {
      params: { cluster: name, status: error.status, reason: error.reason },
      cause: error,
    });
  } finally {
    await connection.close();
  }
}
