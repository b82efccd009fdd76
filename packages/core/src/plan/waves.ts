type Node = { readonly role: string; readonly dependencies: readonly string[] };

/**
 * Startup waves: each role in the first wave after all roles that it depends on. Waves only describe the order; what
 * holds a role back is judged per role.
 *
 * Assumptions: acyclic; dependencies on unknown roles are ignored.
 */
export function startupWaves(roles: readonly Node[]): readonly (readonly string[])[] {
  const waveOf = waveNumbers(roles);
  const waves: string[][] = [];
  for (const { role } of roles) {
    const index = (waveOf.get(role) ?? 1) - 1;
    while (waves.length <= index) waves.push([]);
    waves[index]?.push(role);
  }
  return waves;
}

/** 1-based wave of each role. */
export function waveNumbers(roles: readonly Node[]): ReadonlyMap<string, number> {
  const byName = new Map(roles.map((role) => [role.role, role]));
  const waves = new Map<string, number>();
  const waveOf = (node: Node): number => {
    const known = waves.get(node.role);
    if (known !== undefined) return known;
    // A cycle is refused before it gets here; this entry only keeps the walk finite.
    waves.set(node.role, 1);
    const before = node.dependencies.flatMap((name) => byName.get(name) ?? []).map(waveOf);
    const wave = Math.max(0, ...before) + 1;
    waves.set(node.role, wave);
    return wave;
  };
  for (const role of roles) waveOf(role);
  return waves;
}
