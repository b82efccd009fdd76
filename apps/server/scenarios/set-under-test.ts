import { type KubeObject, LABEL } from "@openpatio/core/model";
import type { ApplyAnswer, SetAnswer, SetRow, TimelineItem } from "@openpatio/core/view";
import type { TestServer } from "../src/testing/index.ts";
import type { Kube } from "./kube.ts";
import { isReady, PodHistory } from "./pod-history.ts";

export type RoleSketch = {
  readonly role: string;
  readonly replicas?: number;
  readonly dependencies?: readonly string[];
  readonly onPodFailure?: "Recreate" | "Ignore";
  readonly scaling?: { readonly external: boolean };
  readonly workload?: { readonly apiVersion: string; readonly kind: string };
  readonly leaderWorker?: { readonly size: number; readonly workerTemplate?: unknown };
  readonly image?: string;
  /** Of the pod template: triggers of failures. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly container?: Readonly<Record<string, unknown>>;
  readonly podSpec?: Readonly<Record<string, unknown>>;
  readonly volumeClaimTemplates?: readonly unknown[];
};

/** A definition without its boilerplate; every other key is a field of the spec as it is. */
export type SetSketch = {
  readonly replicas?: number;
  readonly roles: readonly RoleSketch[];
  readonly [field: string]: unknown;
};

/** Two roles, one after the other, one pod each. */
export const PAIR: readonly RoleSketch[] = [{ role: "prefill" }, { role: "decode", dependencies: ["prefill"] }];

export const withImage = (roles: readonly RoleSketch[], image: string): readonly RoleSketch[] =>
  roles.map((role) => ({ ...role, image }));

export function manifest(namespace: string, name: string, { roles, ...spec }: SetSketch): string {
  return JSON.stringify(
    {
      apiVersion: "openpatio.io/v1alpha1",
      kind: "RoleBasedGroupSet",
      metadata: { name, namespace },
      spec: {
        ...spec,
        groupTemplate: {
          roles: roles.map(({ image, annotations, container, podSpec, ...role }) => ({
            ...role,
            template: {
              ...(annotations === undefined ? {} : { metadata: { annotations } }),
              spec: {
                terminationGracePeriodSeconds: 5,
                ...podSpec,
                containers: [
                  {
                    name: "engine",
                    image: image ?? "engine:1",
                    ports: [{ name: "http", containerPort: 8000 }],
                    resources: { requests: { cpu: "100m", memory: "64Mi" } },
                    ...container,
                  },
                ],
              },
            },
          })),
        },
      },
    },
    null,
    2,
  );
}

export const uidsOf = (objects: readonly KubeObject[]): readonly string[] =>
  objects.map(({ metadata }) => metadata.uid ?? "").sort();

const KINDS = ["rolebasedgroups.openpatio.io", "statefulsets.apps", "services", "configmaps", "pods"];

/** One set of a scenario: what the server says of it beside what the cluster shows, and all that its pods went through. */
export class SetUnderTest {
  readonly name: string;
  readonly history: PodHistory;
  private readonly server: TestServer;
  private readonly kube: Kube;
  private readonly cluster: string;
  private readonly namespace: string;

  constructor(options: {
    readonly name: string;
    readonly server: TestServer;
    readonly kube: Kube;
    readonly cluster: string;
    readonly namespace: string;
  }) {
    this.name = options.name;
    this.server = options.server;
    this.kube = options.kube;
    this.cluster = options.cluster;
    this.namespace = options.namespace;
    this.history = new PodHistory(options.name);
  }

  private get key() {
    return { namespace: this.namespace, name: this.name };
  }

  /** What its pods are judged by from now on. */
  expect(sketch: SetSketch): void {
    this.history.expect({
      replicas: Object.fromEntries(
        sketch.roles.map(({ role, replicas, leaderWorker }) => [role, (replicas ?? 1) * (leaderWorker?.size ?? 1)]),
      ),
      dependencies: Object.fromEntries(sketch.roles.map(({ role, dependencies }) => [role, dependencies ?? []])),
    });
  }

  apply(sketch: SetSketch): Promise<ApplyAnswer> {
    this.expect(sketch);
    return this.applyText(manifest(this.namespace, this.name, sketch));
  }

  applyText(yaml: string): Promise<ApplyAnswer> {
    return this.server.call<ApplyAnswer>("sets.apply", { yaml, cluster: this.cluster });
  }

  /** A procedure that names this set. */
  call<T>(procedure: string, input: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return this.server.call<T>(procedure, { ...this.key, ...input });
  }

  scale(replicas: number, role?: string): Promise<unknown> {
    return this.call("sets.scale", { replicas, ...(role === undefined ? {} : { role }) });
  }

  get(): Promise<SetAnswer> {
    return this.server.set(this.name, this.namespace);
  }

  /** Oldest first. */
  async timeline(kind?: TimelineItem["kind"]): Promise<readonly TimelineItem[]> {
    const items = await this.call<readonly TimelineItem[]>("sets.timeline", { limit: 500 });
    return items.filter((item) => kind === undefined || item.kind === kind).reverse();
  }

  objects(resource: string): Promise<readonly KubeObject[]> {
    return this.kube.list(resource, { [LABEL.set]: this.name });
  }

  async pods(group?: number, role?: string): Promise<readonly KubeObject[]> {
    const labels = {
      [LABEL.set]: this.name,
      ...(group === undefined ? {} : { [LABEL.groupIndex]: String(group) }),
      ...(role === undefined ? {} : { [LABEL.role]: role }),
    };
    return this.kube.list("pods", labels);
  }

  podName(group: number, role: string, ordinal = 0): string {
    return `${this.name}-${group}-${role}-${ordinal}`;
  }

  annotatePod(pod: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    const named = Object.entries(annotations).map(([key, value]) => [`sandbox.openpatio.io/${key}`, value]);
    return this.kube.patch("pods", pod, { metadata: { annotations: Object.fromEntries(named) } });
  }

  until(what: string, condition: (set: SetAnswer) => boolean): Promise<SetAnswer> {
    return this.server.until(`${this.name}: ${what}`, () => this.get(), condition);
  }

  /** Until it is known to the server, by whichever door it came. */
  async known(): Promise<void> {
    const isListed = (rows: readonly { readonly name: string; readonly namespace: string }[]) =>
      rows.some((row) => row.name === this.name && row.namespace === this.namespace);
    await this.server.until(`${this.name} to be known`, () => this.server.call<SetRow[]>("sets.list"), isListed);
  }

  /** Of the groups, by index, once the one at `group` has come to `incarnation`. */
  reaches(group: number, incarnation: number): Promise<SetAnswer> {
    return this.until(
      `group ${group} at incarnation ${incarnation}`,
      ({ groups }) => (groups.find(({ index }) => index === group)?.incarnation ?? 0) >= incarnation,
    );
  }

  /**
   * Waits until the set is all that is wanted, by the server's word and by what the cluster shows. Fails when its pods
   * went through anything that the contract rules out.
   */
  async settled(): Promise<SetAnswer> {
    const { answer } = await this.server.until(
      `${this.name} to settle`,
      async () => {
        const answer = await this.get();
        return { answer, open: openOf(answer, await this.pods()) };
      },
      ({ open }) => open === null,
    );
    this.history.expectSound();
    return answer;
  }

  async incarnations(): Promise<readonly number[]> {
    return (await this.get()).groups.map(({ incarnation }) => incarnation);
  }

  /** Deletes it and waits until nothing of it is left, neither row nor object. */
  async end(): Promise<void> {
    await this.call("sets.delete");
    await this.gone();
  }

  async gone(): Promise<void> {
    await this.server.until(
      `${this.name} to be gone`,
      async () => {
        const rows = await this.server.call<{ name: string; namespace: string }[]>("sets.list");
        const isListed = rows.some((row) => row.name === this.name && row.namespace === this.namespace);
        const left = await Promise.all(KINDS.map((kind) => this.objects(kind)));
        return [...(isListed ? ["its row"] : []), ...left.flat().map(({ metadata }) => metadata.name)];
      },
      (left) => left.length === 0,
    );
    this.history.expectSound();
  }
}

/** The first thing that is not yet as it is wanted; null when there is none. */
function openOf({ detail, groups }: SetAnswer, pods: readonly KubeObject[]): string | null {
  if (groups.length !== detail.replicas) return `${groups.length} of ${detail.replicas} groups`;
  for (const { index, phase, message, revision, incarnation } of groups) {
    if (phase !== "Ready") return `group ${index} is ${phase}: ${message}`;
    const isHeldBack = detail.rollout.heldBack > 0 && index < detail.rollout.partition;
    if (revision !== detail.rollout.target && !isHeldBack) return `group ${index} is at revision ${revision}`;
    for (const { role, replicas, size } of detail.roles) {
      const count = replicas * size;
      const here = pods.filter(
        ({ metadata: { labels = {} } }) => labels[LABEL.groupIndex] === String(index) && labels[LABEL.role] === role,
      );
      const fit = here.filter(
        (pod) => isReady(pod) && pod.metadata.labels?.[LABEL.incarnation] === String(incarnation),
      );
      if (fit.length !== count || here.length !== count)
        return `group ${index} has ${fit.length} ready pods of ${here.length} for ${count} of ${role}`;
    }
  }
  const wanted = groups.length * detail.roles.reduce((sum, { replicas, size }) => sum + replicas * size, 0);
  if (pods.length !== wanted) return `${pods.length} pods where ${wanted} are wanted`;
  if (detail.rollout.isActive) return `a rollout is under way: ${detail.rollout.message}`;
  return detail.phase === "Ready" ? null : `the set is ${detail.phase}`;
}
