import { DomainError } from "@openpatio/core/errors";
import type { ClusterPort } from "@openpatio/core/ports";
import { MINIMAL_EXAMPLE, parseSetYaml } from "@openpatio/core/spec";
import { expect, test } from "vitest";
import { checkReferences } from "./references.ts";

test("what the credentials may not look at is told and refuses nothing", async () => {
  const yaml = MINIMAL_EXAMPLE.replaceAll(
    "image: lmsysorg",
    "envFrom: [{ secretRef: { name: keys } }]\n                image: lmsysorg",
  );
  const parsed = parseSetYaml(yaml);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const asked: string[] = [];
  const port: Pick<ClusterPort, "name" | "exists"> = {
    name: "c",
    exists: async (_, kind, __, name) => {
      asked.push(`${kind} ${name}`);
      if (kind === "Namespace") return true;
      throw new DomainError("cluster.refused", "secrets is forbidden");
    },
  };
  const check = await checkReferences(port as ClusterPort, "default", parsed.spec); // it asks nothing else
  expect(check).toEqual({ problems: [], unchecked: ["Secret keys"] });
  expect(asked).toEqual(["Namespace default", "Secret keys"]);
});
