import { randomUUID } from "node:crypto";
import { DomainError } from "@openpatio/core/errors";
import { homeOf, records, type SetState } from "@openpatio/core/model";
import { hostsOf } from "@openpatio/core/placement";
import {
  acceptSpec,
  createSet,
  deleteSet,
  moveGroup,
  plan,
  retakeFields,
  retryGroupNow,
  type StateChange,
} from "@openpatio/core/plan";
import type { ClusterPort } from "@openpatio/core/ports";
import { renderDiscovery } from "@openpatio/core/project";
import {
  describeRevisionChange,
  importManifests,
  type Problem,
  parseSetYaml,
  SET_TEMPLATES,
  setReplicasInYaml,
} from "@openpatio/core/spec";
import {
  type ApplyAnswer,
  copyPods,
  type DeleteAnswer,
  type DiffAnswer,
  type DiscoveryAnswer,
  groupPods,
  groupView,
  type ImportAnswer,
  type MoveView,
  moveView,
  type PreviewView,
  podsByGroup,
  previewView,
  revisionYaml,
  type ScaleAnswer,
  type SetAnswer,
  type SetRow,
  setDetail,
  setRow,
  type TemplateAnswer,
  type TimelineAnswer,
  type ValidateAnswer,
} from "@openpatio/core/view";
import type { Fleet } from "../clusters/fleet.ts";
import type { Models } from "../live/models.ts";
import type { MissingReferences } from "../reconcile/missing-references.ts";
import type { Reservations } from "../reconcile/reservations.ts";
import type { TimelineStore } from "../timeline/timeline-store.ts";
import type { SetKey } from "../trpc/inputs.ts";
import type { Definition, MoveTarget, SetService } from "../trpc/services.ts";
import { changeSet, entryOf, requireSet, resolveSet } from "./change-set.ts";
import { type ReadDefinition, readDefinition, refuse } from "./definition.ts";
import { type DryRun, dryRun } from "./dry-run.ts";
import { checkReferences, podTemplatesOf, type ReferenceCheck } from "./references.ts";
import type { SetStore, StoredSet } from "./set-store.ts";

export type SetVerbsOptions = {
  readonly sets: SetStore;
  readonly fleet: Fleet;
  readonly models: Models;
  readonly reservations: Reservations;
  readonly missing: MissingReferences;
  readonly timeline: TimelineStore;
  readonly nowMs: () => number;
};

export class SetVerbs implements SetService {
  private readonly options: SetVerbsOptions;

  constructor(options: SetVerbsOptions) {
    this.options = options;
  }

  async validate(input: Definition): Promise<ValidateAnswer> {
    const read = this.read(input);
    if (!read.ok)
      return { ok: false, namespace: read.namespace, name: read.name, problems: read.problems, warnings: [] };
    const { namespace, name, warnings } = read.definition;
    return { ok: true, namespace, name, problems: [], warnings };
  }

  async preview(input: Definition): Promise<PreviewView> {
    const { models, fleet, reservations, nowMs } = this.options;
    const definition = this.readOrRefuse(input);
    const { present, yaml } = definition;
    const { state } = this.changeFor(definition) ?? { state: present?.state ?? this.create(definition).state };
    const clusters = fleet.observe();
    const others = reservations.except(present?.state.id ?? null);
    const missing = await this.options.missing.ask(state);
    const planned = plan({ set: state, clusters, reservations: others, missing }, nowMs());
    return previewView({
      before:
        present === null ? null : { state: present.state, status: models.set(present).status, yaml: present.yaml },
      after: state,
      yaml,
      planned: planned.next.groups,
      clusters,
      reservations: others,
      missing,
      checks: await this.checks(definition, state),
      nowMs: nowMs(),
    });
  }

  async apply(actor: string, input: Definition & { readonly ifGeneration?: number | undefined }): Promise<ApplyAnswer> {
    const asked = this.readOrRefuse(input);
    checkGeneration(asked.present, input.ifGeneration, asked);
    const { state } = this.changeFor(asked) ?? { state: asked.present?.state ?? this.create(asked).state };
    const problems = errorsOf(await this.askClusters(asked, state));
    if (problems.length > 0) throw refuse(problems);
    if (asked.present === null) return this.insert(actor, this.readOrRefuse(input));
    let isChanged = false;
    // The one that was read and asked about: another of its name may have another home.
    const key = { namespace: asked.namespace, name: asked.name, home: homeOf(asked.present.state) };
    const stored = await changeSet(this.options.sets, actor, key, (set) => {
      // Read again over what is stored by now: a scale that came while the cluster was asked is not undone.
      const definition = set === asked.present ? asked : this.readOrRefuse(input);
      checkGeneration(set, input.ifGeneration, definition);
      const accepted = acceptSpec(set.state, definition.spec, this.options.nowMs());
      isChanged = accepted !== null;
      if (accepted !== null) return { ...accepted, yaml: definition.yaml };
      // Comments and style are the author's, so they are stored even when nothing else changes.
      return set.yaml === definition.yaml ? null : { state: set.state, timeline: [], yaml: definition.yaml };
    });
    return toApplyAnswer(stored, false, isChanged);
  }

  list(): readonly SetRow[] {
    return this.options.models
      .sets()
      .map(setRow)
      .sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
  }

  get(key: SetKey): SetAnswer {
    const stored = requireSet(this.options.sets, key);
    const model = this.options.models.set(stored);
    const pods = podsByGroup(model);
    return {
      namespace: stored.state.namespace,
      name: stored.state.name,
      home: homeOf(stored.state),
      generation: stored.state.generation,
      yaml: stored.yaml,
      status: model.status,
      detail: setDetail(model),
      groups: model.state.groups.map((group) => groupView(model, group)),
      pods: model.state.groups.flatMap((group) => [
        ...groupPods(model, group, pods.get(group.index) ?? []),
        ...copyPods(model, group),
      ]),
    };
  }

  async scale(
    actor: string,
    input: SetKey & { readonly role?: string | undefined; readonly replicas: number },
  ): Promise<ScaleAnswer> {
    const { role, replicas } = input;
    let from = replicas;
    const stored = await changeSet(this.options.sets, actor, input, (set) => {
      from = replicasOf(set.state, role);
      if (from === replicas) return null;
      const yaml = setReplicasInYaml(set.yaml, role ?? null, replicas);
      // The same rules as for an edit: names must fit at the largest index that arises.
      const parsed = parseSetYaml(yaml, { present: set.state.spec });
      if (!parsed.ok) throw refuse(parsed.problems);
      const spec = withReplicas(set.state, role, replicas);
      const change = acceptSpec(set.state, spec, this.options.nowMs());
      return change === null ? null : { ...change, yaml };
    });
    const { namespace, name, generation } = stored.state;
    return { namespace, name, role: role ?? null, from, replicas, generation };
  }

  /** With `orphan` what runs stays, whatever the definition says of it; then its volumes do too. */
  async delete(
    actor: string,
    input: SetKey & { readonly orphan: boolean; readonly deleteVolumes: boolean },
  ): Promise<DeleteAnswer> {
    const { orphan, deleteVolumes: deletesVolumes, ...key } = input;
    const { state } = requireSet(this.options.sets, key);
    // Asking twice is no error: it is on its way.
    if (!state.isDeleting)
      await changeSet(this.options.sets, actor, key, (set) => deleteSet(set.state, { orphan, deletesVolumes }));
    return { namespace: state.namespace, name: state.name, isDeleting: true };
  }

  async timeline(
    input: SetKey & { readonly limit: number; readonly before?: string | undefined },
  ): Promise<TimelineAnswer> {
    const { namespace, name } = input;
    const set = resolveSet(this.options.sets, input);
    const home = set === null ? (input.home ?? null) : homeOf(set.state);
    return this.options.timeline.list({ namespace, name, home }, input.limit, input.before);
  }

  discovery(input: SetKey & { readonly group: number }): DiscoveryAnswer {
    const { state } = requireSet(this.options.sets, input);
    return { group: input.group, ...renderDiscovery(state, requireGroup(state, input.group)) };
  }

  diff(input: SetKey & { readonly from: number; readonly to: number }): DiffAnswer {
    const { state } = requireSet(this.options.sets, input);
    const [from, to] = [requireRevision(state, input.from), requireRevision(state, input.to)];
    return {
      from: { revision: from.number, yaml: revisionYaml(from.content) },
      to: { revision: to.number, yaml: revisionYaml(to.content) },
      summary: describeRevisionChange(from.content, to.content),
    };
  }

  async retryNow(actor: string, input: SetKey & { readonly group: number }): Promise<{ readonly group: number }> {
    await changeSet(this.options.sets, actor, input, (set) => {
      requireGroup(set.state, input.group);
      return retryGroupNow(set.state, input.group, this.options.nowMs());
    });
    return { group: input.group };
  }

  async retakeFields(actor: string, key: SetKey): Promise<{ readonly name: string }> {
    await changeSet(this.options.sets, actor, key, (set) => retakeFields(set.state));
    return { name: key.name };
  }

  async previewMove(input: SetKey & MoveTarget): Promise<MoveView> {
    const stored = requireSet(this.options.sets, input);
    await this.options.missing.ask(stored.state);
    return this.moveOf(stored, input);
  }

  async move(
    actor: string,
    input: SetKey & MoveTarget & { readonly ifIncarnation?: number | undefined },
  ): Promise<MoveView> {
    let view = await this.previewMove(input);
    await changeSet(this.options.sets, actor, input, (set) => {
      view = this.moveOf(set, input);
      const { ifIncarnation = view.incarnation } = input;
      const isLater = view.incarnation !== ifIncarnation;
      const why = isLater
        ? `${view.name} is at incarnation ${view.incarnation} by now, not ${ifIncarnation}.`
        : view.why;
      const to = view.to?.cluster ?? null;
      const isAcross = to !== null && to !== view.from?.cluster;
      const wish = { ...wishOf(input), ...(isAcross ? { cluster: to } : {}) };
      const moved =
        isLater || !view.canMove ? null : moveGroup(set.state, input.group, this.options.nowMs(), { wish, isAcross });
      if (moved === null) throw new DomainError("group.not-movable", why, { params: { group: input.group } });
      return moved;
    });
    return view;
  }

  private moveOf({ state }: StoredSet, target: MoveTarget): MoveView {
    const { fleet, reservations, missing } = this.options;
    const input = {
      state,
      clusters: fleet.observe(),
      reservations: reservations.except(state.id),
      missing: missing.known(state),
    };
    return moveView(input, requireGroup(state, target.group), wishOf(target));
  }

  import(text: string): ImportAnswer {
    return importManifests(text);
  }

  templates(): readonly TemplateAnswer[] {
    return SET_TEMPLATES.map(({ id, name, description, yaml }) => ({ id, title: name, description, yaml }));
  }

  private read(input: Definition) {
    return readDefinition(this.options.sets, this.options.fleet, input);
  }

  private readOrRefuse(input: Definition): ReadDefinition {
    const read = this.read(input);
    if (!read.ok) throw refuse(read.problems);
    const { present, namespace, name } = read.definition;
    if (present?.state.isDeleting === true) {
      throw new DomainError("set.deleting", `${namespace}/${name} is being deleted. Apply again when it is gone.`);
    }
    return read.definition;
  }

  private create({ namespace, name, spec }: ReadDefinition): StateChange {
    return createSet({ id: randomUUID(), namespace, name }, spec, this.options.nowMs());
  }

  /** Null when nothing of the spec changes, and for a new set. */
  private changeFor({ present, spec }: ReadDefinition): StateChange | null {
    return present === null ? null : acceptSpec(present.state, spec, this.options.nowMs());
  }

  private async insert(actor: string, definition: ReadDefinition): Promise<ApplyAnswer> {
    const { state, timeline } = this.create(definition);
    const entries = timeline.map((draft) => entryOf({ state }, actor, draft));
    const isFree = definition.present === null;
    const stored = isFree ? await this.options.sets.insert(state, definition.yaml, entries) : null;
    if (stored !== null) return toApplyAnswer(stored, true, true);
    throw conflict(`${definition.namespace}/${definition.name} was created by somebody else at the same moment.`, {});
  }

  /**
   * Every cluster that may take a group is asked, and only about pods that it has not taken yet: scaling and policy change
   * nothing that it could refuse.
   */
  private async askClusters({ present }: ReadDefinition, state: SetState): Promise<readonly Asked[]> {
    const { fleet } = this.options;
    const isKnown = present !== null && present.state.rollout.target === state.rollout.target;
    const observed = fleet.observe();
    const before = isKnown ? hostsOf(present.state, observed).names : [];
    const hosts = hostsOf(state, observed).names.filter((name) => !before.includes(name));
    return Promise.all(
      hosts.flatMap((name) => {
        const member = fleet.get(name);
        return member === null ? [] : [askCluster(member.port, state)];
      }),
    );
  }

  private async checks(definition: ReadDefinition, state: SetState): Promise<PreviewView["checks"]> {
    const answers = await this.askClusters(definition, state);
    const errors = errorsOf(answers);
    const elsewhere = answers.flatMap(({ lacking }) => lacking).filter((problem) => !errors.includes(problem));
    return [
      { level: "ok", message: "The definition is valid.", path: null },
      ...definition.warnings.map(({ message, path }) => ({ level: "warning" as const, message, path })),
      ...errors.map(({ message, path }) => ({ level: "error" as const, message, path })),
      ...elsewhere.map(({ message, path }) => ({ level: "warning" as const, message, path })),
      ...answers.flatMap(clusterCheck),
      ...answers.flatMap(uncheckedNotes),
      ...this.replacedWorkloads(
        definition.spec,
        answers.map(({ cluster }) => cluster),
      ),
      ...unmodelled(definition.spec),
    ];
  }

  /** Says where something else would run than is asked for. */
  private replacedWorkloads(
    { groupTemplate }: ReadDefinition["spec"],
    clusters: readonly string[],
  ): PreviewView["checks"] {
    const asked = groupTemplate.roles.flatMap(({ role, workload }, index) =>
      workload.kind === "LeaderWorkerSet" ? [{ role, path: `spec.groupTemplate.roles[${index}].workload.kind` }] : [],
    );
    const without = clusters.filter((name) => {
      const observed = this.options.fleet.get(name)?.port.observe();
      return observed?.health === "live" && !observed.hasLeaderWorkerSets;
    });
    return asked.flatMap(({ role, path }) =>
      without.map((cluster) => ({
        level: "note" as const,
        message: `${cluster} has no LeaderWorkerSet API: each instance of ${role} runs there as a StatefulSet.`,
        path,
      })),
    );
  }
}

const wishOf = ({ cluster, domain }: MoveTarget) => ({ cluster: cluster ?? null, domain: domain ?? null });

/** What a cluster said of a definition, and what it did not let us look at. */
type Asked = DryRun &
  Pick<ReferenceCheck, "unchecked"> & {
    readonly cluster: string;
    /** What the pods name and the cluster does not have: no group goes there. */
    readonly lacking: readonly Problem[];
  };

async function askCluster(port: ClusterPort, state: SetState): Promise<Asked> {
  const nothing: Asked = {
    cluster: port.name,
    problems: [],
    lacking: [],
    isAnswered: true,
    objects: 0,
    unchecked: [],
  };
  const silent = { ...nothing, isAnswered: false };
  if (port.info().health !== "live") return silent;
  try {
    const { problems, unchecked } = await checkReferences(port, state.namespace, state.spec);
    // In a namespace that does not exist the cluster refuses everything, with less to go by.
    if (problems.length > 0) return { ...nothing, lacking: problems, unchecked };
    return { ...nothing, ...(await dryRun(port, state)), unchecked };
  } catch (error) {
    if (error instanceof DomainError && error.code === "cluster.unreachable") return silent;
    throw error;
  }
}

/** What keeps a definition out: what any cluster refuses, and what all of them lack. */
function errorsOf(answers: readonly Asked[]): readonly Problem[] {
  const isNowhere = answers.every(({ lacking }) => lacking.length > 0);
  return answers.flatMap(({ problems, lacking }) => (isNowhere ? lacking : problems));
}

function uncheckedNotes({ cluster, unchecked }: Asked): PreviewView["checks"] {
  if (unchecked.length === 0) return [];
  const what = unchecked.join(", ");
  const message = `Whether ${what} exists in ${cluster} could not be checked: the credentials may not look.`;
  return [{ level: "note", message, path: null }];
}

function clusterCheck({ cluster, ...answer }: Asked): PreviewView["checks"] {
  if (!answer.isAnswered) {
    return [
      {
        level: "warning",
        message: `${cluster} does not answer, so it was not asked whether it takes the pods.`,
        path: null,
      },
    ];
  }
  if (answer.problems.length > 0 || answer.lacking.length > 0 || answer.objects === 0) return [];
  return [
    {
      level: "ok",
      message: `${cluster} accepts the ${answer.objects} objects of a group (server-side dry run).`,
      path: null,
    },
  ];
}

/** What placement does not reckon with, named where a definition uses it. */
function unmodelled(spec: ReadDefinition["spec"]): PreviewView["checks"] {
  const notes: { level: "note"; message: string; path: string }[] = [];
  for (const { role, template, path } of podTemplatesOf(spec)) {
    const pod = template.spec as Readonly<Record<string, unknown>>;
    const affinity = pod["affinity"] as Readonly<Record<string, unknown>> | undefined;
    const note = (what: string, field: string) =>
      notes.push({
        level: "note",
        message: `${what} of ${role} is left to the scheduler: placement does not reckon with it.`,
        path: `${path}.spec.${field}`,
      });
    if (affinity?.["podAffinity"] !== undefined) note("The pod affinity", "affinity.podAffinity");
    if (affinity?.["podAntiAffinity"] !== undefined) note("The pod anti-affinity", "affinity.podAntiAffinity");
    if (pod["topologySpreadConstraints"] !== undefined) note("The topology spread", "topologySpreadConstraints");
    if (pod["resourceClaims"] !== undefined) note("The dynamic resource allocation", "resourceClaims");
    if (pod["priorityClassName"] !== undefined) note("Preemption by the priority class", "priorityClassName");
    if (pod["schedulerName"] !== undefined && pod["schedulerName"] !== "default-scheduler")
      note("Another scheduler", "schedulerName");
    for (const [at, volume] of records(pod["volumes"]).entries())
      if (volume["persistentVolumeClaim"] !== undefined || volume["ephemeral"] !== undefined)
        note(`Where the volume ${String(volume["name"])} is bound`, `volumes[${at}]`);
  }
  return notes;
}

function checkGeneration(present: StoredSet | null, wanted: number | undefined, key: SetKey): void {
  const generation = present?.state.generation ?? 0;
  if (wanted === undefined || wanted === generation) return;
  throw conflict(
    `${key.namespace}/${key.name} is at generation ${generation} now, and the edit began at ${wanted}. Look at what changed and apply again.`,
    { wanted, generation },
  );
}

const conflict = (message: string, params: Readonly<Record<string, number>>) =>
  new DomainError("set.version-conflict", message, { params });

function toApplyAnswer({ state }: StoredSet, isNew: boolean, isChanged: boolean): ApplyAnswer {
  const { namespace, name, generation, rollout } = state;
  return { namespace, name, home: homeOf(state), isNew, isChanged, generation, revision: rollout.target };
}

function replicasOf(state: SetState, role: string | undefined): number {
  if (role === undefined) return state.spec.replicas;
  const { roles } = state.spec.groupTemplate;
  const found = roles.find((candidate) => candidate.role === role);
  if (found?.scaling.external === true)
    throw refuse([
      {
        path: "role",
        code: "value",
        message: `An outside autoscaler owns the replicas of ${role} (scaling.external): scale its workload in the cluster, or set scaling.external to false.`,
      },
    ]);
  if (found !== undefined) return found.replicas;
  const problem: Problem = {
    path: "role",
    code: "unknown-role",
    message: `${state.name} has no role ${role}. It has ${roles.map((known) => known.role).join(", ")}.`,
  };
  throw refuse([problem]);
}

function withReplicas(state: SetState, role: string | undefined, replicas: number): SetState["spec"] {
  const { spec } = state;
  if (role === undefined) return { ...spec, replicas };
  const roles = spec.groupTemplate.roles.map((known) => (known.role === role ? { ...known, replicas } : known));
  return { ...spec, groupTemplate: { ...spec.groupTemplate, roles } };
}

function requireGroup(state: SetState, index: number) {
  const group = state.groups.find((candidate) => candidate.index === index);
  if (group !== undefined) return group;
  throw new DomainError("group.not-found", `${state.name} has no group ${index}.`, { params: { group: index } });
}

function requireRevision(state: SetState, number: number) {
  const revision = state.revisions.find((candidate) => candidate.number === number);
  if (revision !== undefined) return revision;
  const kept = state.revisions.map((candidate) => candidate.number).join(", ");
  throw new DomainError("revision.not-found", `Revision ${number} is not kept. There are ${kept}.`, {
    params: { revision: number },
  });
}
