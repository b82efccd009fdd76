import type { KubeObject } from "@openpatio/core/model";
import { afterAll, beforeAll, describe } from "vitest";
import { type ContractTarget, World } from "./world.ts";
import { describeWrites } from "./writes.ts";

/**
 * What any cluster behind KubeCluster must do, the same for every target. A difference between the sandbox and a real
 * control plane is a fault of the sandbox.
 */
export function describeCluster(
  name: string,
  make: () => Promise<ContractTarget>,
  definitions: readonly KubeObject[],
): void {
  describe(name, () => {
    let world: World | undefined;
    let target: ContractTarget | undefined;
    beforeAll(async () => {
      target = await make();
      world = await World.create(target, definitions);
    });
    afterAll(async () => {
      await world?.close();
      await target?.close();
    });
    const current = (): World => {
      if (world === undefined) throw new Error("the world is not up");
      return world;
    };
    describe("writes", () => describeWrites(current));
  });
}
