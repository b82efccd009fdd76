/** A cycle among roles, and the arrow that closes it. */
export type DependencyCycle = {
  /** Begins and ends with the same role, the first by name: `["decode", "router", "decode"]`. */
  readonly roles: readonly string[];
  /** Index of the role, and of the dependency in its list, at which the cycle was closed. */
  readonly roleIndex: number;
  readonly dependencyIndex: number;
};

type Dependent = { readonly role: string; readonly dependencies: readonly string[] };

/**
 * Every cycle of the dependency graph at least by one of its arrows: without the reported arrows there is no cycle.
 * Dependencies on roles that do not exist are ignored. Same roles in another order, same text of the cycles.
 */
export function findCycles(roles: readonly Dependent[]): readonly DependencyCycle[] {
  const cycles: DependencyCycle[] = [];
  const indexOf = new Map(roles.map(({ role }, index) => [role, index]));
  const done = new Set<number>();
  const path: number[] = [];

  const visit = (roleIndex: number): void => {
    path.push(roleIndex);
    for (const [dependencyIndex, dependency] of (roles[roleIndex]?.dependencies ?? []).entries()) {
      const next = indexOf.get(dependency);
      if (next === undefined) continue;
      const start = path.indexOf(next);
      if (start >= 0) {
        const names = path.slice(start).map((index) => roles[index]?.role ?? "");
        cycles.push({ roles: fromFirstByName(names), roleIndex, dependencyIndex });
      } else if (!done.has(next)) visit(next);
    }
    path.pop();
    done.add(roleIndex);
  };
  for (const index of roles.keys()) if (!done.has(index)) visit(index);
  return cycles;
}

function fromFirstByName(names: readonly string[]): readonly string[] {
  const first = names.reduce((best, name, index) => (name < (names[best] ?? "") ? index : best), 0);
  return [...names.slice(first), ...names.slice(0, first), names[first] ?? ""];
}
