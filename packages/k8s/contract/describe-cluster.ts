import { afterAll, beforeAll, describe } from "vitest";
import { describeCoordination } from "./coordination.ts";
import { describeCustomResources } from "./custom-resources.ts";
import { describeDefinitions } from "./definitions.ts";
import { describeLeaderWorkerSets } from "./leader-worker-sets.ts";
import { describeNodes } from "./nodes.ts";
import { describeReads } from "./reads.ts";
import { describeReasons } from "./reasons.ts";
import { describeRolling } from "./rolling.ts";
import { beginBookmarks, describeBookmarks, describeWatches } from "./watches.ts";
import { describeWorkloads } from "./workloads.ts";
import { type ContractTarget, World } from "./world.ts";
import { describeWrites } from "./writes.ts";

/**
 * What any cluster behind KubeCluster must do, the same for every target. A difference between the sandbox and a real
 * control plane is a fault of the sandbox.
 */
export function describeCluster(name: string, make: () => Promise<ContractTarget>): void {
  describe(name, () => {
    let world: World | undefined;
    let bookmark: ReturnType<typeof beginBookmarks> = Promise.resolve(undefined);
    let target: ContractTarget | undefined;
    beforeAll(async () => {
      target = await make();
      world = await World.create(target);
      bookmark = beginBookmarks(world);
    });
    afterAll(async () => {
      await world?.close();
      await target?.close();
    });
    const current = (): World => {
      if (world === undefined) throw new Error("the world is not up");
      return world;
    };
    // First, while there are nodes on which nothing runs.
    describe("nodes", () => describeNodes(current));
    describe("writes", () => describeWrites(current));
    describe("watches", () => describeWatches(current));
    describe("reads", () => describeReads(current));
    describe("workloads", () => describeWorkloads(current));
    describe("rolling updates, claims and leaving", () => describeRolling(current));
    describe("refusals", () => describeReasons(current));
    describe("leases, events and references", () => describeCoordination(current));
    describe("leader worker sets", () => describeLeaderWorkerSets(current));
    describe("definitions", () => describeDefinitions(current));
    describe("custom resources", () => describeCustomResources(current));
    describe("bookmarks", () => describeBookmarks(() => bookmark));
  });
}
