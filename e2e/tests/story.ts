import { expect } from "@playwright/test";
import { isPodReady, type KubeApi, type KubeItem } from "./kube-api.ts";
import type { OpenPatio } from "./openpatio.ts";

/** A set as the API answers it, as far as the story looks. */
type SetState = {
  readonly yaml: string;
  readonly detail: {
    readonly phase: string;
    readonly rollout: { readonly isActive: boolean; readonly isPaused: boolean };
    readonly revisions: readonly { readonly number: number; readonly hash: string }[];
  };
  readonly groups: readonly {
    readonly index: number;
    readonly phase: string;
    readonly incarnation: number;
    readonly revision: number;
    readonly domain: string | null;
  }[];
};
type TimelineItem = {
  readonly atMs: number;
  readonly kind: string;
  readonly cause: string | null;
  readonly decision: string;
  readonly group: number | null;
};

const LABEL = {
  role: "openpatio.io/role",
  group: "openpatio.io/group-index",
  incarnation: "openpatio.io/incarnation",
  revision: "openpatio.io/revision-hash",
};

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
const groupOf = (pod: KubeItem): string => pod.metadata.labels?.[LABEL.group] ?? "none";
const lifeOf = (pod: KubeItem): string => `${groupOf(pod)}/${pod.metadata.labels?.[LABEL.incarnation]}`;

const imageOf = (pod: KubeItem) => (pod.spec?.["containers"] as readonly { image: string }[] | undefined)?.[0]?.image;

/** One GPU per pod: three groups with four decode pods each have room in the one rack that packing fills first. */
const container = (name: string, port: number) => `          spec:
            containers:
              - name: ${name}
                image: lmsysorg/sglang:v0.5.9
                ports: [{ name: http, containerPort: ${port} }]
                resources:
                  limits: { cpu: "4", memory: 16Gi, nvidia.com/gpu: "1" }`;

export const demoYaml = (name: string, namespace = "default") => `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  replicas: 2 # groups
  groupTemplate:
    roles:
      - role: prefill
        replicas: 2
        template:
${container("engine", 8000)}
      - role: decode
        replicas: 2
        dependencies: [prefill]
        template:
${container("engine", 8001)}
  placement:
    topology: { key: topology.kubernetes.io/rack }
  recovery:
    backoff: { baseSeconds: 2, maxSeconds: 10, stableAfterSeconds: 60 }
`;

/**
 * The life of one set, driven through the server and judged by what the cluster itself holds. Each step leaves the set
 * Ready, so that the steps of a story can be told one by one.
 */
export class Story {
  readonly app: OpenPatio;
  readonly kube: KubeApi;
  readonly cluster: string;
  readonly name: string;
  readonly namespace = "default";
  /** Sentences about moments that must never be; filled while steps wait. */
  private readonly violations: string[] = [];
  /** Incarnations of groups of which a prefill pod was seen. */
  private readonly begun = new Set<string>();

  constructor(app: OpenPatio, kube: KubeApi, cluster: string, name: string) {
    this.app = app;
    this.kube = kube;
    this.cluster = cluster;
    this.name = name;
  }

  get id() {
    return { namespace: this.namespace, name: this.name };
  }

  state(): Promise<SetState> {
    return this.app.query<SetState>("sets.get", this.id);
  }

  async timeline(): Promise<readonly TimelineItem[]> {
    return this.app.query<readonly TimelineItem[]>("sets.timeline", { ...this.id, limit: 200 });
  }

  pods(): Promise<readonly KubeItem[]> {
    return this.kube.pods(this.namespace, this.name);
  }

  apply(yaml: string): Promise<unknown> {
    return this.app.mutate("sets.apply", { yaml, cluster: this.cluster });
  }

  /** What must hold at every moment, seen from the cluster: one revision and one incarnation per group, order kept. */
  private look(pods: readonly KubeItem[]): void {
    for (const [group, members] of groupBy(pods, groupOf)) {
      const alive = members.filter((pod) => pod.metadata.deletionTimestamp === undefined);
      for (const [what, label] of [
        ["revisions", LABEL.revision],
        ["incarnations", LABEL.incarnation],
      ] as const) {
        const values = new Set(members.map((pod) => pod.metadata.labels?.[label]));
        if (values.size > 1) this.violations.push(`group ${group} had two ${what} at once: ${[...values].join(", ")}`);
      }
      const decodes = alive.filter((pod) => pod.metadata.labels?.[LABEL.role] === "decode");
      const prefills = alive.filter((pod) => pod.metadata.labels?.[LABEL.role] === "prefill");
      for (const pod of members) if (pod.metadata.labels?.[LABEL.role] === "prefill") this.begun.add(lifeOf(pod));
      const youngest = decodes.map((pod) => Date.parse(pod.metadata.creationTimestamp)).toSorted((a, b) => a - b)[0];
      if (youngest === undefined) continue;
      const late = prefills.filter((pod) => Date.parse(pod.metadata.creationTimestamp) > youngest);
      // A life that ends for the next one ends at once: its decode may be the last that is left.
      if (late.length > 0 || decodes.some((pod) => !this.begun.has(lifeOf(pod)))) {
        this.violations.push(`group ${group} had decode before prefill`);
      }
    }
  }

  private async settle(what: string, condition: (state: SetState) => boolean, timeoutMs = 120_000): Promise<SetState> {
    let last = await this.state();
    await this.app.until(
      async () => {
        this.look(await this.pods());
        last = await this.state();
        return condition(last);
      },
      what,
      timeoutMs,
    );
    return last;
  }

  ready(what = "the set to be Ready"): Promise<SetState> {
    return this.settle(
      what,
      (s) => s.detail.phase === "Ready" && !s.detail.rollout.isActive && s.groups.every((g) => g.phase === "Ready"),
    );
  }

  expectNoViolations(): void {
    expect(this.violations).toEqual([]);
  }

  async startsInOrder(): Promise<void> {
    await this.apply(demoYaml(this.name));
    let sawWaiting = false;
    await this.settle("prefill to start", (s) => s.groups.length === 2);
    await this.app.until(async () => {
      const pods = await this.pods();
      this.look(pods);
      const hasDecode = pods.some((pod) => pod.metadata.labels?.[LABEL.role] === "decode");
      const hasUnreadyPrefill = pods.some((pod) => pod.metadata.labels?.[LABEL.role] === "prefill" && !isPodReady(pod));
      sawWaiting ||= !hasDecode && hasUnreadyPrefill;
      return (await this.state()).detail.phase === "Ready";
    }, "the set to be Ready");
    expect(sawWaiting, "prefill was seen starting while no decode pod existed").toBe(true);
    const pods = await this.pods();
    expect(pods).toHaveLength(8);
    this.expectNoViolations();
  }

  async isInOneRackPerGroup(): Promise<void> {
    const nodes = await this.kube.list("/api/v1/nodes");
    const rackOf = new Map(
      nodes.map((node) => [node.metadata.name, node.metadata.labels?.["topology.kubernetes.io/rack"]]),
    );
    for (const [group, members] of groupBy(await this.pods(), groupOf)) {
      const racks = new Set(members.map((pod) => rackOf.get(String(pod.spec?.["nodeName"]))));
      expect([...racks], `racks of group ${group}`).toHaveLength(1);
    }
  }

  async hasItsObjects(): Promise<void> {
    const { rbg, sts, svc, cm } = await this.kube.objectsOf(this.namespace, this.name);
    const names = (items: readonly KubeItem[]) => items.map((item) => item.metadata.name).toSorted();
    const s = this.name;
    expect(names(rbg)).toEqual([`${s}-0`, `${s}-1`]);
    expect(names(sts)).toEqual([`${s}-0-decode`, `${s}-0-prefill`, `${s}-1-decode`, `${s}-1-prefill`]);
    expect(names(svc)).toEqual([`s-${s}-0-decode`, `s-${s}-0-prefill`, `s-${s}-1-decode`, `s-${s}-1-prefill`]);
    expect(names(cm)).toEqual([`${s}-0-config`, `${s}-0-env`, `${s}-1-config`, `${s}-1-env`]);
    const env = cm.find((item) => item.metadata.name === `${s}-0-env`)?.data ?? {};
    expect(env["ROLES_PREFILL_SIZE"]).toBe("2");
    expect(env["ROLES_PREFILL_0_ADDRESS"]).toBe(`${s}-0-prefill-0.s-${s}-0-prefill.default.svc`);
    const config = cm.find((item) => item.metadata.name === `${s}-0-config`)?.data?.["config.yaml"] ?? "";
    expect(config).toContain(`${s}-0-decode-1.s-${s}-0-decode.default.svc`);
  }

  /** Scaling groups and a role replaces no pod that stays. */
  async scalesWithoutReplacing(): Promise<void> {
    const before = (await this.pods()).map((pod) => pod.metadata.uid);
    await this.app.mutate("sets.scale", { ...this.id, replicas: 3 });
    await this.app.mutate("sets.scale", { ...this.id, role: "decode", replicas: 4 });
    const state = await this.settle(
      "3 groups with 4 decode pods",
      (s) => s.detail.phase === "Ready" && s.groups.length === 3 && s.groups.every((g) => g.phase === "Ready"),
    );
    await this.app.until(async () => (await this.pods()).filter(isPodReady).length === 18, "18 ready pods");
    const after = new Set((await this.pods()).map((pod) => pod.metadata.uid));
    expect(
      before.filter((uid) => !after.has(uid)),
      "pods that were replaced",
    ).toEqual([]);
    expect(state.groups.map((g) => g.incarnation)).toEqual([1, 1, 1]);
    expect((await this.state()).yaml).toContain("# groups");
  }

  async rollsOut(image: string, during: () => Promise<void> = async () => {}): Promise<SetState> {
    const { yaml } = await this.state();
    await this.apply(yaml.replaceAll(/lmsysorg\/sglang:\S+/g, image));
    await during();
    const state = await this.ready(`the rollout of ${image}`);
    const images = (await this.pods()).map((pod) => imageOf(pod));
    expect(new Set(images)).toEqual(new Set([image]));
    this.expectNoViolations();
    return state;
  }

  /** Pauses after the first group, shows that nothing moves, resumes. */
  async pausesAndResumes(): Promise<void> {
    await this.settle("the first group to leave", (s) => s.groups.some((g) => g.phase === "Updating"));
    await this.app.mutate("rollouts.pause", this.id);
    const paused = await this.settle("the group in flight to finish", (s) =>
      s.groups.every((g) => g.phase === "Ready"),
    );
    expect(new Set(paused.groups.map((g) => g.revision)).size, "revisions while paused").toBe(2);
    await this.app.mutate("rollouts.resume", this.id);
  }

  async rollsBack(revision: number): Promise<void> {
    await this.app.mutate("rollouts.rollback", { ...this.id, revision });
    await this.ready("the roll back");
    this.expectNoViolations();
  }

  async recoversOnce(): Promise<void> {
    const before = await this.state();
    // The timeline of a name goes on when a set of that name is made again: only what happens from here on counts.
    const since = Date.now();
    const victim = `${this.name}-1-decode-0`;
    await this.kube.annotatePod(this.namespace, victim, { "sandbox.openpatio.io/crash": "137" });
    const incarnation = (s: SetState, index: number) => s.groups.find((g) => g.index === index)?.incarnation ?? 0;
    await this.settle("a new incarnation", (s) => incarnation(s, 1) === incarnation(before, 1) + 1);
    const after = await this.ready("the recovered group");
    expect(after.groups.map((g) => g.incarnation)).toEqual(
      before.groups.map((g) => (g.index === 1 ? g.incarnation + 1 : g.incarnation)),
    );
    const causes = (await this.timeline()).filter(
      (item) => item.kind === "group.failed" && item.group === 1 && item.atMs >= since,
    );
    expect(causes).toHaveLength(1);
    expect(causes[0]?.cause).toContain("137");
    this.expectNoViolations();
  }

  async survivesServerKill(image: string): Promise<void> {
    const before = await this.state();
    const after = await this.rollsOut(image, async () => {
      await this.settle("the first group to leave", (s) => s.groups.some((g) => g.phase === "Updating"));
      await this.app.kill9("server");
    });
    expect(after.groups.map((g) => g.incarnation)).toEqual(before.groups.map((g) => g.incarnation + 1));
  }

  async survivesSandboxKill(): Promise<void> {
    const before = await this.state();
    const uids = (await this.pods()).map((pod) => pod.metadata.uid).toSorted();
    await this.app.kill9("sandbox");
    await this.ready("the set after the sandbox came back");
    const after = await this.state();
    expect(after.groups.map((g) => g.incarnation)).toEqual(before.groups.map((g) => g.incarnation));
    expect((await this.pods()).map((pod) => pod.metadata.uid).toSorted()).toEqual(uids);
  }

  async leavesNothing(): Promise<void> {
    await this.app.mutate("sets.delete", this.id);
    let wrongOrder = "";
    await this.app.until(async () => {
      const { sts } = await this.kube.objectsOf(this.namespace, this.name);
      const alive = (role: string, group: string) =>
        sts.some(
          (w) =>
            w.metadata.labels?.[LABEL.role] === role &&
            w.metadata.labels[LABEL.group] === group &&
            w.metadata.deletionTimestamp === undefined,
        );
      for (const group of ["0", "1", "2"]) if (alive("decode", group) && !alive("prefill", group)) wrongOrder = group;
      return Object.values(await this.kube.objectsOf(this.namespace, this.name)).every((items) => items.length === 0);
    }, "everything to be gone from the cluster");
    expect(wrongOrder, "group whose prefill went before its decode").toBe("");
    await this.app.until(
      async () =>
        (await this.app.query<readonly { name: string }[]>("sets.list")).every((set) => set.name !== this.name),
      "the set to be gone from the list",
    );
  }
}
