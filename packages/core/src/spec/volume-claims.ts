import { formatPath, type Path } from "./path.ts";
import type { Problem } from "./problem.ts";
import { DNS_LABEL } from "./schema.ts";
import { listAt, textAt, valueAt } from "./shape.ts";

/** Who may have volume claims, and their names. Size, class and access modes are the cluster's to judge, by a dry run. */
export function volumeClaimProblems(role: unknown, path: Path): readonly Problem[] {
  const templates = listAt(role, ["volumeClaimTemplates"]);
  const kind = textAt(role, ["workload", "kind"]);
  if (templates.length > 0 && kind === "Deployment") {
    return [
      {
        path: formatPath([...path, "volumeClaimTemplates"]),
        code: "value",
        message: `Only the pods of a StatefulSet have volumes of their own, not those of a Deployment: use kind StatefulSet, or a claim that all pods share in the template's volumes.`,
      },
    ];
  }
  const seen = new Set<string>();
  return templates.flatMap((template, index): readonly Problem[] => {
    const at = formatPath([...path, "volumeClaimTemplates", index, "metadata", "name"]);
    const name = textAt(template, ["metadata", "name"]);
    if (name === undefined) return [{ path: at, code: "value", message: "A volume claim needs a name." }];
    if (!DNS_LABEL.test(name) || name.length > 63) {
      const message = `${JSON.stringify(name)} cannot be the name of a volume: use lower-case letters, digits and '-', at most 63.`;
      return [{ path: at, code: "value", message }];
    }
    if (seen.has(name)) {
      return [{ path: at, code: "duplicate", message: `Two volume claims of this role are named ${name}.` }];
    }
    seen.add(name);
    if (valueAt(template, ["spec"]) !== undefined) return [];
    const where = formatPath([...path, "volumeClaimTemplates", index, "spec"]);
    const message = `The volume claim ${name} says nothing of what it wants: accessModes and resources.requests.storage.`;
    return [{ path: where, code: "value", message }];
  });
}
