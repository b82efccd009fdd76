import { groupName } from "../model/names.ts";
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
 * Host names of a group's own roles, where launch scripts have them. A single group `G` becomes the group `G-0` of a set:
 * pods go from `G-R-k` to `G-0-R-k`, Services from `s-G-R` to `s-G-0-R`. The groups of a set keep their names, as does a
 * name that begins with a variable for the group. The pods of a multi-node instance `G-R-k` and `G-R-k-j` get the names
 * that the role's form gives them; a LeaderWorkerSet's pods are under its own name.
 */
export function rewriteAddresses(
  template: unknown,
  path: Path,
  {
    name,
    isSingle,
    roles,
    forms,
  }: {
    /** Of the group or the set. */
    readonly name: string;
    readonly isSingle: boolean;
    readonly roles: readonly string[];
    /** Of the multi-node roles. */
    readonly forms: ReadonlyMap<string, MultiNodeForm>;
  },
  notes: ImportNotes,
): unknown {
  if (roles.length === 0) return template;
  const group = `${escapeForRegExp(name)}${isSingle ? "" : "-\\d+"}|\\$[({](?:RBG_)?GROUP_NAME[)}]`;
  // The longest role first: `prefill-2` is a role before it is pod 2 of `prefill`.
  const names = [...roles].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  const host = new RegExp(
    `(?<![A-Za-z0-9-])(s-)?(${group})-(${names.join("|")})(?:-(\\d+))?(?:-(\\d+))?(?![A-Za-z0-9-])`,
    "g",
  );
  const rewritten = (text: string): string =>
    text.replace(
      host,
      (
        whole: string,
        service: string | undefined,
        from: string,
        role: string,
        pod: string | undefined,
        worker: string | undefined,
      ) => {
        const workload = `${isSingle && from === name ? groupName(name, 0) : from}-${role}`;
        if (service !== undefined) return pod === undefined ? `s-${workload}` : whole;
        const form = forms.get(role);
        if (pod === undefined) return form?.kind === "LeaderWorkerSet" ? workload : whole;
        if (form !== undefined) return instancePodName(`${workload}-${pod}`, Number(worker ?? 0), form);
        return worker === undefined ? `${workload}-${pod}` : whole;
      },
    );
  return mapContainers(template, path, (container, at) => mapTexts(container, at, rewritten, notes));
}

export const escapeForRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
