import { fields, type KubeObject, records } from "@openpatio/core/model";
import { manifest, type SetSketch, type SetUnderTest } from "./set-under-test.ts";
import type { Bench } from "./targets.ts";

export const SETS = "rolebasedgroupsets.openpatio.io";

export const objectOf = (bench: Bench, name: string, sketch: SetSketch): KubeObject =>
  JSON.parse(manifest(bench.namespace, name, sketch)) as KubeObject;

/** As `kubectl create -f` does it; nothing of the console is asked. */
export async function applyThere(
  bench: Bench,
  name: string,
  sketch: SetSketch,
  metadata: Partial<KubeObject["metadata"]> = {},
): Promise<SetUnderTest> {
  const set = bench.watch(name);
  set.expect(sketch);
  const object = objectOf(bench, name, sketch);
  await bench.kube.create(SETS, { ...object, metadata: { ...object.metadata, ...metadata } });
  await set.known();
  return set;
}

export const specOf = (bench: Bench, name: string, sketch: SetSketch) => ({
  spec: fields(objectOf(bench, name, sketch)["spec"]),
});

export function conditionOf(object: KubeObject | null, type: string) {
  return records(fields(object?.["status"])["conditions"]).find((condition) => condition["type"] === type);
}

/** Until the resource in the cluster is so. */
export function untilThere(
  bench: Bench,
  name: string,
  what: string,
  condition: (object: KubeObject | null) => boolean,
): Promise<KubeObject | null> {
  return bench.server.until(`${name}: ${what}`, () => bench.kube.get(SETS, name), condition);
}
