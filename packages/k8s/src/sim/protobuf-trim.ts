/**
 * Makes `protobuf-types.json` from `generated.proto` files of the Kubernetes Go modules: the wire format of the kinds
 * that clients may send as protobuf. A field is `number:name:type`; the type starts with `*` when it repeats and with
 * `%` when it is the value of a map.
 *
 *   npx tsx packages/k8s/src/sim/protobuf-trim.ts GENERATED.PROTO... > packages/k8s/src/sim/protobuf-types.json
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { BUILTIN_RESOURCES } from "./store-resources.ts";

const SCALARS = new Set(["string", "bytes", "bool", "int32", "int64", "double"]);
const OTHER_ROOTS = [
  "k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions",
  "k8s.io.api.policy.v1.Eviction",
  "k8s.io.api.core.v1.Binding",
  "k8s.io.api.autoscaling.v1.Scale",
  "k8s.io.api.authorization.v1.SelfSubjectAccessReview",
  "k8s.io.api.authorization.v1.SelfSubjectRulesReview",
];

const all = new Map<string, string[]>();
for (const path of process.argv.slice(2)) {
  const text = readFileSync(path, "utf8").replaceAll(/\/\/.*$/gm, "");
  const owner = /^package ([\w.]+);/m.exec(text)?.[1] ?? "";
  const qualify = (type: string) => {
    if (SCALARS.has(type)) return type;
    return type.includes(".") ? type.replace(/^\./, "") : `${owner}.${type}`;
  };
  for (const [, name = "", body = ""] of text.matchAll(/^message (\w+) \{([^}]*)\}/gm)) {
    const fields: string[] = [];
    for (const [, map, repeated, plain, field = "", number = ""] of body.matchAll(
      /(?:map<string, ([\w.]+)>|repeated ([\w.]+)|optional ([\w.]+)) (\w+) = (\d+);/g,
    )) {
      const type =
        map === undefined
          ? repeated === undefined
            ? qualify(plain ?? "")
            : `*${qualify(repeated)}`
          : `%${qualify(map)}`;
      fields.push(`${number}:${field}:${type}`);
    }
    all.set(`${owner}.${name}`, fields);
  }
}

const roots = BUILTIN_RESOURCES.filter((one) => one.id !== "customresourcedefinitions.apiextensions.k8s.io").flatMap(
  (one) => {
    const group = one.group === "" ? "core" : (one.group.split(".")[0] ?? "");
    return [`k8s.io.api.${group}.${one.version}.${one.kind}`];
  },
);
const kept = new Map<string, readonly string[]>();
const queue = [...roots, ...OTHER_ROOTS];
while (queue.length > 0) {
  const name = queue.pop() as string;
  const fields = all.get(name);
  if (fields === undefined || kept.has(name)) continue;
  kept.set(name, fields);
  for (const field of fields) queue.push((field.split(":")[2] ?? "").replace(/^[*%]/, ""));
}
const lines = [...kept]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, fields]) => `${JSON.stringify(name)}: ${JSON.stringify(fields.join(" "))}`);
process.stdout.write(`{\n${lines.join(",\n")}\n}\n`);
