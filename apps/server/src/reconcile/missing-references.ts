import { DomainError } from "@openpatio/core/errors";
import type { SetState } from "@openpatio/core/model";
import { hostsOf, type MissingObjects, referencesOf } from "@openpatio/core/placement";
import type { ClusterPort } from "@openpatio/core/ports";
import type { Fleet } from "../clusters/fleet.ts";

/** How long an answer is believed. What is missing may be made at any moment; what is there is rarely taken away. */
const BELIEVED_MS = { there: 30_000, missing: 2_000, hidden: 60_000 } as const;
/** Answers that nobody asks for any more are dropped when there are so many. */
const MOST_ANSWERS = 20_000;

type Answer = { readonly is: keyof typeof BELIEVED_MS; readonly atMs: number };
type Asked = { readonly apiVersion: string; readonly kind: string; readonly name: string };

/**
 * What the pods of sets name and clusters do not have. Clusters are asked while a group is to be placed, never else, and
 * only whether the object exists. What may not be looked at, and a cluster that does not answer, is not held against it.
 */
export class MissingReferences {
  private readonly fleet: Fleet;
  private readonly nowMs: () => number;
  private readonly answers = new Map<string, Answer>();
  /** When all groups of a set were last seen to run: what was heard before is no ground for the next start. */
  private readonly settledAtMs = new Map<string, number>();

  constructor(fleet: Fleet, nowMs: () => number) {
    this.fleet = fleet;
    this.nowMs = nowMs;
  }

  /** For a plan: only a set that may start a group now is asked about. */
  async of(set: SetState): Promise<MissingObjects> {
    if (!isSettled(set) || this.mayGoElsewhere(set)) return this.ask(set);
    if (set.isDeleting) this.settledAtMs.delete(set.id);
    else this.settledAtMs.set(set.id, this.nowMs());
    return NOTHING;
  }

  /** A group of it is to move to another cluster, or may fail over to one. */
  private mayGoElsewhere({ groups, spec }: SetState): boolean {
    const isSilent = (cluster: string) => this.fleet.get(cluster)?.port.info().health === "unreachable";
    return groups.some(
      ({ moveTo, placement }) =>
        moveTo !== null ||
        (spec.placement.failover.afterSeconds !== null && placement !== null && isSilent(placement.cluster)),
    );
  }

  /** Asks clusters what is not known of late. */
  async ask(set: SetState): Promise<MissingObjects> {
    this.forgetOld();
    await Promise.all(
      hostsOf(set, this.fleet.observe()).names.flatMap((name) => {
        const port = this.fleet.get(name)?.port;
        return port?.info().health === "live" ? [this.askCluster(port, set)] : [];
      }),
    );
    return this.known(set);
  }

  /** As last answered. */
  known(set: SetState): MissingObjects {
    const asked = askedBy(set);
    return new Map(
      hostsOf(set, this.fleet.observe()).names.map((cluster) => {
        const absent = asked.filter((one) => this.answers.get(keyOf(cluster, set.namespace, one))?.is === "missing");
        return [cluster, new Set(absent.map(({ kind, name }) => `${kind}/${name}`))];
      }),
    );
  }

  private async askCluster(port: ClusterPort, set: SetState): Promise<void> {
    const sinceMs = this.settledAtMs.get(set.id) ?? Number.NEGATIVE_INFINITY;
    const open = askedBy(set).filter((one) => this.isOpen(keyOf(port.name, set.namespace, one), sinceMs));
    await Promise.all(open.map((one) => this.askOne(port, set.namespace, one)));
  }

  private async askOne(port: ClusterPort, namespace: string, one: Asked): Promise<void> {
    const key = keyOf(port.name, namespace, one);
    const remember = (is: Answer["is"]) => this.answers.set(key, { is, atMs: this.nowMs() });
    try {
      remember((await port.exists(one.apiVersion, one.kind, namespace, one.name)) ? "there" : "missing");
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.code === "cluster.refused") remember("hidden");
      else this.answers.delete(key);
    }
  }

  private isOpen(key: string, sinceMs = Number.NEGATIVE_INFINITY): boolean {
    const answer = this.answers.get(key);
    if (answer === undefined || answer.atMs <= sinceMs) return true;
    const ageMs = this.nowMs() - answer.atMs;
    return ageMs < 0 || ageMs >= BELIEVED_MS[answer.is];
  }

  private forgetOld(): void {
    if (this.answers.size < MOST_ANSWERS) return;
    for (const key of this.answers.keys()) if (this.isOpen(key)) this.answers.delete(key);
  }
}

const NOTHING: MissingObjects = new Map();

/** A group that runs is judged by its pods. */
function isSettled({ isDeleting, groups, spec }: SetState): boolean {
  return isDeleting || (groups.length >= spec.replicas && groups.every((group) => group.stage === "running"));
}

/** The namespace, and what the pods of every revision name that a group may start with. */
function askedBy(set: SetState): readonly Asked[] {
  const revisions = new Set([set.rollout.target, ...set.groups.map((group) => group.revision)]);
  const namespace = { apiVersion: "v1", kind: "Namespace", name: set.namespace };
  const references = [...revisions].flatMap((revision) => referencesOf(set, revision));
  const byName = new Map(references.map((one) => [`${one.kind}/${one.name}`, one]));
  return [namespace, ...byName.values()];
}

const keyOf = (cluster: string, namespace: string, { kind, name }: Asked): string =>
  `${cluster}/${namespace}/${kind}/${name}`;
