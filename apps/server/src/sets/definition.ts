import { DomainError } from "@openpatio/core/errors";
import { homeOf } from "@openpatio/core/model";
import { hasSelector, wantedClusters } from "@openpatio/core/placement";
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
  const clusters = isProblem(placed) ? null : wantedClusters(placed.clusters, fleet.observe());
  const problems = [
    ...namespaceProblems(input, namespace),
    ...(isProblem(placed) ? [placed] : []),
    ...validateAgainst(own, neighbours(sets, clusters)),
  ];
  if (problems.length > 0 || isProblem(placed)) return { ok: false, namespace, name, problems };
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

/**
 * The placement with its clusters chosen, or what is wrong with them. A choice by labels stays one: which clusters have
 * them is looked at whenever a group is placed.
 */
function placementOf(
  spec: SetSpec,
  asked: string | undefined,
  present: StoredSet | null,
  fleet: Fleet,
): SetSpec["placement"] | Problem {
  const { placement } = spec;
  const written = placement.clusters.names;
  const known = fleet.all();
  const list =
    known.length === 0 ? "No cluster is registered." : `Registered: ${known.map(({ name }) => name).join(", ")}.`;
  if (asked !== undefined && written.length > 0 && !written.includes(asked)) {
    return nameProblem(
      `The definition names ${written.join(", ")}, the request ${asked}. Make them the same, or leave one out.`,
    );
  }
  const home = present === null ? null : homeOf(present.state);
  if (home !== null) {
    const others = [...written, ...(asked === undefined ? [] : [asked])].filter((name) => name !== home);
    if (others.length > 0) return nameProblem(`This set was applied to ${home} with kubectl and stays there.`);
    if (hasSelector(placement.clusters))
      return selectorProblem(`This set was applied to ${home} with kubectl and stays there: leave the selector out.`);
    return { ...placement, clusters: { ...placement.clusters, names: [home] } };
  }
  const isSelected = hasSelector(placement.clusters);
  let names: readonly string[] = written;
  if (names.length === 0 && !isSelected)
    names = asked === undefined ? (present?.state.spec.placement.clusters.names ?? []) : [asked];
  if (names.length === 0 && !isSelected) {
    const live = known.filter(({ health }) => health === "live");
    const [only] = live;
    if (only === undefined || live.length > 1)
      return nameProblem(`Name the cluster that this set runs on, or several. ${list}`);
    names = [only.name];
  }
  const unknown = names.filter((name) => !known.some((member) => member.name === name));
  if (unknown.length > 0) return nameProblem(`There is no cluster ${unknown.join(", ")}. ${list}`);
  const chosen = { ...placement, clusters: { ...placement.clusters, names: [...names] } };
  return chosenProblem(chosen, asked, present, fleet) ?? chosen;
}

/** What is wrong with clusters that are all registered. */
function chosenProblem(
  { clusters }: SetSpec["placement"],
  asked: string | undefined,
  present: StoredSet | null,
  fleet: Fleet,
): Problem | null {
  const observed = fleet.observe();
  const wanted = wantedClusters(clusters, observed);
  const labels = Object.entries(clusters.selector.matchLabels).map(([key, value]) => `${key}=${value}`);
  if (wanted.length === 0) {
    const which = clusters.names.length === 0 ? "No registered cluster has" : "None of the named clusters has";
    return selectorProblem(`${which} the labels ${labels.join(", ")}. Give them to a cluster first, on its page.`);
  }
  if (asked !== undefined && !wanted.includes(asked))
    return selectorProblem(`${asked} does not have the labels that the definition asks for: ${labels.join(", ")}.`);
  const isOf = (isSimulated: boolean) => wanted.filter((name) => observed.get(name)?.isSimulated === isSimulated);
  const [simulated, real] = [isOf(true), isOf(false)];
  if (simulated.length > 0 && real.length > 0)
    return nameProblem(
      `A set runs on simulated clusters or on real ones, never on both: ${simulated.join(", ")} ${simulated.length === 1 ? "is" : "are"} simulated, ${real.join(", ")} ${real.length === 1 ? "is" : "are"} not.`,
    );
  const at = present?.state.groups.find(
    ({ placement }) => placement !== null && observed.get(placement.cluster)?.isSimulated === simulated.length > 0,
  );
  const placed = present?.state.groups.filter(({ placement }) => placement !== null && observed.has(placement.cluster));
  if (placed === undefined || placed.length === 0 || at !== undefined) return null;
  const kinds = simulated.length > 0 ? ["real", "simulated"] : ["simulated", "real"];
  return nameProblem(`The set runs on ${kinds[0]} clusters and can't go to ${kinds[1]} ones. Make another set there.`);
}

const isProblem = (placed: SetSpec["placement"] | Problem): placed is Problem => "message" in placed;

const clusterProblem =
  (field: "names" | "selector") =>
  (message: string): Problem => ({ path: `spec.placement.clusters.${field}`, code: "cluster", message });
const nameProblem = clusterProblem("names");
const selectorProblem = clusterProblem("selector");
