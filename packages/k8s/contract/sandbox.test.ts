import { createSandbox, SANDBOX_RACKS } from "../src/sim.ts";
import { describeCluster } from "./describe-cluster.ts";

const HISTORY = 500;

describeCluster("the sandbox over HTTP", async () => {
  const sandbox = await createSandbox({ clusters: [SANDBOX_RACKS], timing: "fast", historyLimit: HISTORY });
  const { kubeconfigYaml, api } = sandbox.cluster(SANDBOX_RACKS.name);
  return {
    kubeconfig: kubeconfigYaml,
    isSimulated: true,
    expireVersions: async () => {
      // It forgets a tenth at a time.
      for (let count = 0; count < HISTORY * 1.2; count += 1) {
        api.patch("namespaces", undefined, "kube-system", { metadata: { annotations: { count: String(count) } } });
      }
    },
    close: () => sandbox.close(),
  };
});
