import { serviceName, workloadName } from "../model/names.ts";
import { mapContainers, mapTexts } from "./import-containers.ts";
import type { ImportNotes } from "./import-report.ts";
import type { Path } from "./path.ts";

/** `isSplit`: workers have a template of their own, so they are pods of another StatefulSet than their leader. */
export type MultiNodeForm =
  | { readonly kind: "StatefulSets"; readonly isSplit: boolean }
  | { readonly kind: "LeaderWorkerSet" };

/** Name of a pod of an instance of a multi-node role; the leader is worker 0. */
export function instancePodName(instance: string, worker: number, form: MultiNodeForm): string {
  if (form.kind === "LeaderWorkerSet") return worker === 0 ? instance : `${instance}-${worker}`;
  return `${form.isSplit && worker > 0 ? `${instance}-w` : instance}-${worker}`;
}

/**
 * A single group `G` becomes the group `G-0` of a set, so the host names of its roles change: pods from `G-R-k` to
 * `G-0-R-k`, Services from `s-G-R` to `s-G-0-R`. They are rewritten where launch scripts have them. The pods of a
 * multi-node instance `G-R-k` and `G-R-k-j` get the names that the role's form gives them; a LeaderWorkerSet's pods are
 * under its own name.
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
  const names = [...roles].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  const host = new RegExp(
    `(?<![A-Za-z0-9-])(s-)?${escapeForRegExp(group)}-(${names.join("|")})(?:-(\\d+))?(?:-(\\d+))?(?![A-Za-z0-9-])`,
    "g",
  );
  const rewritten = (text: string): string =>
    text.replace(
      host,
      (
        whole: string,
        service: string | undefined,
        role: string,
        pod: string | undefined,
        worker: string | undefined,
      ) => {
        if (service !== undefined) return pod === undefined ? serviceName(group, 0, role) : whole;
        const form = forms.get(role);
        const workload = workloadName(group, 0, role);
        if (pod === undefined) return form?.kind === "LeaderWorkerSet" ? workload : whole;
        if (form !== undefined) return instancePodName(`${workload}-${pod}`, Number(worker ?? 0), form);
        return worker === undefined ? `${workload}-${pod}` : whole;
      },
    );
  return mapContainers(template, path, (container, at) => mapTexts(container, at, rewritten, notes));
}

export const escapeForRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
