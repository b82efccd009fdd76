import { stringify } from "yaml";

/** A kubeconfig for a sandbox cluster: plain HTTP on loopback, nobody signs in. */
export function kubeconfigYaml(cluster: string, url: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: { server: url } }],
    users: [{ name: cluster, user: {} }],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
    "current-context": cluster,
  });
}
