import { serviceName, workloadName } from "../model/names.ts";
import type { ImportNotes } from "./import-report.ts";
import type { Path } from "./path.ts";
import { isRecord } from "./shape.ts";

export type MultiNodeForm = "StatefulSets" | "LeaderWorkerSet";

/**
 * A single group `G` becomes the group `G-0` of a set, so the host names of its roles change: pods from `G-R-k` to
 * `G-0-R-k`, Services from `s-G-R` to `s-G-0-R`. They are rewritten where launch scripts have them. The leader of a
 * multi-node instance that is a StatefulSet is its pod 0; a LeaderWorkerSet's pods are under its own name.
 */
export function rewriteAddresses(
  template: unknown,
  path: Path,
  {
    group,
    roles,
    forms,
  }: {
    readonly group: string;
    readonly roles: readonly string[];
    /** Of the multi-node roles. */
    readonly forms: ReadonlyMap<string, MultiNodeForm>;
  },
  notes: ImportNotes,
): unknown {
  if (roles.length === 0) return template;
  // The longest role first: `prefill-2` is a role before it is pod 2 of `prefill`.
  const names = [...roles].sort((a, b) => b.length - a.length).map(escape);
  const host = new RegExp(`(?<![A-Za-z0-9-])(s-)?${escape(group)}-(${names.join("|")})(-\\d+)?(?![A-Za-z0-9-])`, "g");
  const rewriteText = (text: string, at: Path): string => {
    const rewritten = text.replace(
      host,
      (whole: string, service: string | undefined, role: string, pod: string | undefined) => {
        if (service !== undefined && pod === undefined) return serviceName(group, 0, role);
        const form = forms.get(role);
        if (service === undefined && pod !== undefined)
          return `${workloadName(group, 0, role)}${pod}${form === "StatefulSets" ? "-0" : ""}`;
        if (service === undefined && form === "LeaderWorkerSet") return workloadName(group, 0, role);
        return whole;
      },
    );
    if (rewritten !== text) notes.add(at, "rewritten", `${text} → ${rewritten}`);
    return rewritten;
  };
  const rewriteAll = (value: unknown, at: Path): unknown => {
    if (typeof value === "string") return rewriteText(value, at);
    if (Array.isArray(value)) return value.map((item, index) => rewriteAll(item, [...at, index]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rewriteAll(item, [...at, key])]));
  };
  const rewriteContainer = (container: unknown, at: Path): unknown =>
    isRecord(container)
      ? Object.fromEntries(
          Object.entries(container).map(([key, value]) => [
            key,
            ["command", "args", "env"].includes(key) ? rewriteAll(value, [...at, key]) : value,
          ]),
        )
      : container;

  if (!isRecord(template) || !isRecord(template["spec"])) return template;
  const spec: Record<string, unknown> = { ...template["spec"] };
  for (const field of ["initContainers", "containers"]) {
    const containers = spec[field];
    if (Array.isArray(containers))
      spec[field] = containers.map((container, index) => rewriteContainer(container, [...path, "spec", field, index]));
  }
  return { ...template, spec };
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
