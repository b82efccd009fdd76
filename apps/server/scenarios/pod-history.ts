import { type KubeObject, LABEL } from "@openpatio/core/model";
import type { PodEvent } from "./kube.ts";

type Expected = {
  readonly replicas: Readonly<Record<string, number>>;
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
};

export const isReady = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  conditionsOf(pod).some(({ type, status }) => type === "Ready" && status === "True");

/**
 * Everything that happened to the pods of one set, judged as it happens: no two incarnations of a group side by side,
 * and no role before those that it depends on.
 */
export class PodHistory {
  private readonly problems: string[] = [];
  private readonly present = new Map<string, KubeObject>();
  private readonly set: string;
  private readonly everReady = new Map<string, Set<string>>();
  private readonly incarnations = new Map<string, Set<string>>();
  private expected: Expected = { replicas: {}, dependencies: {} };
  private readonly uidsByLife = new Map<string, Set<string>>();
  private fewestUp = Number.POSITIVE_INFINITY;

  constructor(set: string) {
    this.set = set;
  }

  expect(expected: Expected): void {
    this.expected = expected;
  }

  expectSound(): void {
    if (this.problems.length > 0) throw new Error(this.problems.join("\n"));
  }

  /** Of each group every incarnation that had pods, oldest first. */
  incarnationsOf(group: number): readonly number[] {
    return [...(this.incarnations.get(String(group)) ?? [])].map(Number);
  }

  /**
   * How many pods of each name came to be Ready in each incarnation of that revision. Others do not count: the kubelet of
   * the control plane that stands in for a real one deletes by name, at times twice, and so takes the successor that a
   * StatefulSet made in between.
   */
  readyAt(revisionHash: string): Readonly<Record<string, number>> {
    const ready = [...this.uidsByLife].filter(([life]) => life.endsWith(`/${revisionHash}`));
    return Object.fromEntries(ready.map(([life, uids]) => [life, uids.size]));
  }

  /** Counts anew how many groups were completely up at the worst moment. */
  mark(): void {
    this.fewestUp = this.groupsUp();
  }

  get fewestGroupsUp(): number {
    return this.fewestUp;
  }

  see({ type, pod }: PodEvent): void {
    const { uid = "", labels = {} } = pod.metadata;
    if (labels[LABEL.set] !== this.set) return;
    if (type === "DELETED") this.present.delete(uid);
    else {
      if (!this.present.has(uid)) this.judge(pod);
      this.present.set(uid, pod);
    }
    if (isReady(pod)) {
      const life = `${pod.metadata.name}/${labels[LABEL.incarnation]}/${labels[LABEL.revisionHash]}`;
      readyOf(this.uidsByLife, life).add(uid);
      readyOf(this.everReady, lifeOf(pod)).add(pod.metadata.name);
    }
    this.fewestUp = Math.min(this.fewestUp, this.groupsUp());
  }

  private judge(pod: KubeObject): void {
    const { labels = {}, name } = pod.metadata;
    const group = labels[LABEL.groupIndex] ?? "";
    const incarnation = labels[LABEL.incarnation] ?? "";
    readyOf(this.incarnations, group).add(incarnation);
    for (const other of this.present.values()) {
      const theirs = other.metadata.labels ?? {};
      if (theirs[LABEL.groupIndex] === group && theirs[LABEL.incarnation] !== incarnation)
        this.problems.push(
          `${name} of incarnation ${incarnation} came while ${other.metadata.name} of ${theirs[LABEL.incarnation]} was there`,
        );
    }
    const role = labels[LABEL.role] ?? "";
    const life = `${group}/${incarnation}`;
    const siblings = [...this.present.values()].filter((other) => lifeOf(other) === `${life}/${role}`);
    if (siblings.length > 0 || this.everReady.has(`${life}/${role}`)) return;
    for (const dependency of this.expected.dependencies[role] ?? []) {
      const ready = this.everReady.get(`${life}/${dependency}`)?.size ?? 0;
      if (ready < (this.expected.replicas[dependency] ?? 0))
        this.problems.push(`${name} came while ${ready} pods of ${dependency} had been ready`);
    }
  }

  private groupsUp(): number {
    const wanted = Object.values(this.expected.replicas).reduce((sum, count) => sum + count, 0);
    const ready = new Map<string, number>();
    for (const pod of this.present.values()) {
      const group = pod.metadata.labels?.[LABEL.groupIndex] ?? "";
      if (isReady(pod)) ready.set(group, (ready.get(group) ?? 0) + 1);
    }
    return [...ready.values()].filter((count) => count >= wanted).length;
  }
}

function lifeOf(pod: KubeObject): string {
  const labels = pod.metadata.labels ?? {};
  return `${labels[LABEL.groupIndex]}/${labels[LABEL.incarnation]}/${labels[LABEL.role]}`;
}

function readyOf(map: Map<string, Set<string>>, key: string): Set<string> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = new Set<string>();
  map.set(key, made);
  return made;
}

function conditionsOf(pod: KubeObject): readonly { readonly type: string; readonly status: string }[] {
  const { conditions } = (pod["status"] ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions ?? [];
}
