import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { describeCluster } from "./describe-cluster.ts";

const path = process.env["CONTRACT_KUBECONFIG"];

if (path === undefined || path === "") {
  describe("a real control plane", () => {
    test.skip("CONTRACT_KUBECONFIG names no kubeconfig", () => {});
  });
} else {
  describeCluster("a real control plane", async () => ({
    kubeconfig: readFileSync(path, "utf8"),
    isSimulated: false,
    close: async () => {},
  }));
}
