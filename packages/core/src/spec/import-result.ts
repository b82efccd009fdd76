import { API_VERSION } from "../model/names.ts";
import { present } from "./present.ts";
import { member } from "./shape.ts";

/** The set that a document becomes: its name, namespace and labels stay, what is undefined in `spec` is left out. */
export function importedSet(
  document: Readonly<Record<string, unknown>>,
  annotations: unknown,
  spec: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const metadata = document["metadata"];
  return {
    apiVersion: API_VERSION,
    kind: "RoleBasedGroupSet",
    metadata: present({
      name: member(metadata, "name"),
      namespace: member(metadata, "namespace"),
      labels: member(metadata, "labels"),
      annotations,
    }),
    spec: present(spec),
  };
}
