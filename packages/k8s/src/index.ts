export { CRDS, CRDS_YAML } from "./crds/index.ts";
export { contactApiServer } from "./kube/contact.ts";
export { type ClusterCredentials, MAX_KUBECONFIG_BYTES, parseKubeconfig } from "./kube/credentials.ts";
export { KubeCluster, type KubeClusterOptions } from "./kube/kube-cluster.ts";
export { rbacManifest } from "./kube/permissions.ts";
