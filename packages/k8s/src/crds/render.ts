import type { KubeObject } from "@openpatio/core/model";
import { stringify } from "yaml";

/** The definitions as one file for `kubectl apply -f`. */
export function renderDefinitions(definitions: readonly KubeObject[]): string {
  const documents = definitions.map((definition) =>
    stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  return `# Custom resource definitions of OpenPatio, generated from its schema.\n${documents.join("---\n")}`;
}
