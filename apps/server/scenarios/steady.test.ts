import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { PAIR } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

/** Longer than every resync and retry of ours that could write. */
const WATCHED_MS = 20_000;
const KINDS = ["rolebasedgroups.openpatio.io", "statefulsets.apps", "services", "configmaps", "pods"];

describeOnTargets("a settled set", (bench) => {
  test("is not written to: neither by our own count nor by any version of its objects", async () => {
    const sets = await Promise.all(
      ["calm-a", "calm-b"].map((name) => bench().start(name, { replicas: 3, roles: PAIR })),
    );
    const writes = () => bench().server.app.fleet.get(bench().cluster)?.port.info().apiWrites;
    const versions = async () => {
      const lists = await Promise.all(sets.flatMap((set) => KINDS.map((kind) => set.objects(kind))));
      return lists.flat().map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`);
    };
    await sleep(3_000); // The last status may be on its way.
    const before = { writes: writes(), versions: await versions() };
    const lines = (await sets[0]?.timeline())?.length;
    await sleep(WATCHED_MS);
    expect({ writes: writes(), versions: await versions() }).toEqual(before);
    expect((await sets[0]?.timeline())?.length).toBe(lines);
  });
});
