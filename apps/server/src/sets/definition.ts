import { DomainError } from "@openpatio/core/errors";
import { homeOf } from "@openpatio/core/model";
import {
  type ParsedSet,
  type Problem,
  parseSetYaml,
  type SetSpec,
  setNames,
  setReplicasInYaml,
  validateAgainst,
} from "@openpatio/core/spec";
import type { Fleet } from "../clusters/fleet.ts";
import type { Definition } from "../trpc/services.ts";
import { resolveSet } from "./change-set.ts";
import type { SetStore, StoredSet } from "./set-store.ts";

/** A definition that was read and may be stored: nothing of it is left open. */
export type ReadDefinition = {
  readonly namespace: string;
  readonly name: string;
  /** With its clusters named and its replicas given. */
  readonly spec: SetSpec;
  /** The text to store: the author's, with today's replicas where it leaves them out. */
  readonly yaml: string;
  /** The set that it updates; null for a new one. */
  readonly present: StoredSet | null;
  readonly warnings: readonly Problem[];
};

export type Refused = {
  readonly ok: false;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly problems: readonly Problem[];
};

/** Reads a definition and judges it against what else is stored. Reports every problem at once; asks no cluster. */
export function readDefinition(
  sets: SetStore,
  fleet: Fleet,
  input: Definition,
): { readonly ok: true; readonly definition: ReadDefinition } | Refused {
  const first = parse(input, null);
  if (!first.ok) return { ...first, namespace: null, name: null };
  const { name, namespace } = first.manifest.metadata;
  const present = resolveSet(sets, { namespace, name, home: input.home });
  // Read again with the set that it updates: absent replicas keep their value, and names must fit at the counts of now.
  const parsed = present === null ? first : parse(input, present.state.spec);
  if (!parsed.ok) return { ...parsed, namespace, name };

  const placed = placementOf(parsed.spec, input.cluster, present, fleet);
  const own = setNames(namespace, name, parsed.spec.groupTemplate.roles);
  const clusters = typeof placed === "string" ? null : placed.clusters.names;
  const problems = [
    ...namespaceProblems(input, namespace),
    ...(typeof placed === "string" ? [placementProblem(placed)] : []),
    ...validateAgainst(own, neighbours(sets, clusters)),
  ];
  if (problems.length > 0 || typeof placed === "string") return { ok: false, namespace, name, problems };
  const hasReplicas = parsed.manifest.spec.replicas !== undefined;
  const yaml = hasReplicas || present === null ? input.yaml : setReplicasInYaml(input.yaml, null, parsed.spec.replicas);
  const spec = { ...parsed.spec, placement: placed };
  return { ok: true, definition: { namespace, name, spec, yaml, present, warnings: parsed.warnings } };
}

/** Sets whose objects could meet those of a set on these clusters (null: not known, so all of them). */
export function neighbours(sets: SetStore, clusters: readonly string[] | null) {
  return [...sets.all()]
    .filter(({ state }) => {
      const home = homeOf(state);
      return home === null || clusters === null || clusters.includes(home);
    })
    .map(({ state }) => setNames(state.namespace, state.name, state.spec.groupTemplate.roles));
}

export function refuse(problems: readonly Problem[]): DomainError {
  const [first] = problems;
  const isTooLarge = first?.code === "too-large" && problems.length === 1;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const where = first === undefined || first.path === "" ? "" : `${first.path}: `;
  return new DomainError(
    isTooLarge ? "input.too-large" : "spec.invalid",
    `The definition has ${count}. ${where}${first?.message ?? ""}`,
    { problems },
  );
}

function parse(
  { yaml, namespace }: Definition,
  present: SetSpec | null,
): ParsedSet | { ok: false; problems: readonly Problem[] } {
  return parseSetYaml(yaml, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(present === null ? {} : { present }),
  });
}

function namespaceProblems(input: Definition, namespace: string): readonly Problem[] {
  if (input.namespace === undefined || input.namespace === namespace) return [];
  return [
    {
      path: "metadata.namespace",
      code: "value",
      message: `The definition says namespace ${namespace}, the request ${input.namespace}. Make them the same, or leave one out.`,
      suggestion: input.namespace,
    },
  ];
}

/** The placement with its clusters named, or what is wrong with them. */
function placementOf(
  spec: SetSpec,
  asked: string | undefined,
  present: StoredSet | null,
  fleet: Fleet,
): SetSpec["placement"] | string {
  const { placement } = spec;
  const written = placement.clusters.names;
  const known = fleet.all();
  const list =
    known.length === 0 ? "No cluster is registered." : `Registered: ${known.map(({ name }) => name).join(", ")}.`;
  if (asked !== undefined && written.length > 0 && !written.includes(asked)) {
    return `The definition names ${written.join(", ")}, the request ${asked}. Make them the same, or leave one out.`;
  }
  const home = present === null ? null : homeOf(present.state);
  if (home !== null) {
    const others = [...written, ...(asked === undefined ? [] : [asked])].filter((name) => name !== home);
    if (others.length > 0) return `This set was applied to ${home} with kubectl and stays there.`;
    return { ...placement, clusters: { ...placement.clusters, names: [home] } };
  }
  let names: readonly string[] = asked === undefined ? written : [asked];
  if (names.length === 0) names = present?.state.spec.placement.clusters.names ?? [];
  if (names.length === 0) {
    const live = known.filter(({ port }) => port.info().health === "live");
    const [only] = live;
    if (only === undefined || live.length > 1) return `Name the cluster that this set runs on. ${list}`;
    names = [only.name];
  }
  const unknown = names.filter((name) => !known.some((member) => member.name === name));
  if (unknown.length > 0) return `There is no cluster ${unknown.join(", ")}. ${list}`;
  return { ...placement, clusters: { ...placement.clusters, names: [...names] } };
}

const placementProblem = (message: string): Problem => ({
  path: "spec.placement.clusters.names",
  code: "cluster",
  message,
});
