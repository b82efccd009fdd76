import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { renderApiReference } from "@openpatio/core/spec";
import { renderDefinitions } from "../src/crds/render.ts";
import { ROLE_BASED_GROUP_SETS, ROLE_BASED_GROUPS } from "./custom-resources.ts";

/**
 * Generates what follows from the schema in core: the custom resource definitions, as YAML for `kubectl apply -f` and as
 * a module that needs no file system, and docs/API_REFERENCE.md. Run: npm run generate
 */

export const DEFINITIONS = [ROLE_BASED_GROUP_SETS, ROLE_BASED_GROUPS];

export const YAML_TEXT = renderDefinitions(DEFINITIONS);

export const API_REFERENCE = new URL("../../../docs/API_REFERENCE.md", import.meta.url);

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = new URL("../src/crds/", import.meta.url);
  writeFileSync(new URL("crds.yaml", folder), YAML_TEXT);
  writeFileSync(
    new URL("definitions.ts", folder),
    `// Generated from the schema in packages/core/src/spec; do not edit.
import type { KubeObject } from "@openpatio/core/model";

export const CRDS: readonly KubeObject[] = ${JSON.stringify(DEFINITIONS, null, 2)};
`,
  );
  writeFileSync(API_REFERENCE, renderApiReference());
}
