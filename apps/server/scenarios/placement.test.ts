import type { GroupView, MoveView, PreviewView } from "@openpatio/core/view";
import { expect, test } from "vitest";
import { manifest, type RoleSketch, type SetSketch, type SetUnderTest } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

describeOnTargets("placement", (bench) => {
  /** Gives nodes a topology of their own, so that a scenario has the domains that it needs and no others. */
  const topology = async (name: string, domains: Readonly<Record<string, readonly number[]>>): Promise<string> => {
    const key = `scenario.openpatio.io/${name}`;
    const nodes = (await bench().kube.list("nodes")).map(({ metadata }) => metadata.name).sort();
    for (const [value, positions] of Object.entries(domains))
      for (const at of positions)
        await bench().kube.patch("nodes", nodes[at] ?? "", { metadata: { labels: { [key]: value } } });
    return key;
  };
  const nodesIn = async (key: string, value: string): Promise<readonly string[]> =>
    (await bench().kube.list("nodes", { [key]: value })).map(({ metadata }) => metadata.name);
  const nodesOf = async (set: SetUnderTest): Promise<readonly string[]> =>
    (await set.pods()).map((pod) => (pod["spec"] as { nodeName?: string }).nodeName ?? "");

  /** Each pod takes a whole node. */
  const engines = (replicas: number, fields: Partial<RoleSketch> = {}): readonly RoleSketch[] => [
    { role: "engine", replicas, container: gpus(8), ...fields },
  ];
  const gpus = (count: number) => ({ resources: { limits: { "nvidia.com/gpu": String(count) } } });
  const inDomain = (key: string, fields: Readonly<Record<string, unknown>> = {}) => ({ topology: { key, ...fields } });

  /** A pod of somebody else that takes GPUs of one node. */
  const occupy = (name: string, node: string, count: number) =>
    bench().kube.create("pods", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: bench().namespace },
      spec: {
        nodeSelector: { "kubernetes.io/hostname": node },
        terminationGracePeriodSeconds: 1,
        containers: [{ name: "c", image: "busybox", ...gpus(count) }],
      },
    });
  const occupied = (name: string) =>
    bench().server.until(
      `${name} to have its node`,
      () => bench().kube.get("pods", name),
      (pod) => ((pod?.["spec"] as { nodeName?: string } | undefined)?.nodeName ?? "") !== "",
    );
  const applied = async (name: string, sketch: SetSketch): Promise<SetUnderTest> => {
    const set = bench().watch(name);
    await set.apply(sketch);
    return set;
  };
  const groupOf = async (set: SetUnderTest, index = 0): Promise<GroupView | undefined> =>
    (await set.get()).groups.find((group) => group.index === index);
  const waits = async (set: SetUnderTest, index = 0): Promise<string> => {
    const answer = await set.until(`group ${index} to wait`, ({ groups }) => groups[index]?.phase === "Pending");
    return answer.groups[index]?.message ?? "";
  };

  test("of two sets that race for the last domain one gets it, and the other when that is free", async () => {
    const key = await topology("race", { only: [0, 1] });
    const sketch = { replicas: 1, roles: engines(2), placement: inDomain(key) };
    const sets = await Promise.all([applied("race-a", sketch), applied("race-b", sketch)]);
    const phases = () => Promise.all(sets.map(async (set) => (await groupOf(set))?.phase));
    await bench().server.until("one to be ready", phases, (both) => both.includes("Ready") && both.includes("Pending"));
    const at = (await phases()).indexOf("Ready");
    const [winner, loser] = [sets[at], sets[1 - at]];
    if (winner === undefined || loser === undefined) throw new Error("two sets");
    expect(await waits(loser)).toBe("No race has 16 free GPUs. Closest: only, 0 free, short of 16.");
    const { status } = await loser.get();
    expect(status.conditions.find(({ type }) => type === "Placed")?.message).toContain("Closest: only, 0 free");
    expect((await groupOf(loser))?.refusals).toMatchObject([{ domain: "only", kind: "insufficient", short: 16 }]);
    expect(await loser.pods()).toEqual([]);
    await winner.end();
    await loser.settled();
    await loser.end();
  });

  test("a group that prefers a domain spreads over the cluster when none holds it, and says so", async () => {
    const key = await topology("preferred", { a: [0, 1], b: [2, 3] });
    const placement = inDomain(key, { mode: "Preferred" });
    const sketch = { replicas: 1, roles: engines(3), placement };
    const preview = await bench().server.call<PreviewView>("sets.preview", {
      yaml: manifest(bench().namespace, "preferred", sketch),
      cluster: bench().cluster,
    });
    const set = await bench().start("preferred", sketch);
    const group = await groupOf(set);
    expect(preview.groups[0]).toMatchObject({ domain: null, why: group?.placementWhy });
    expect(group).toMatchObject({ domain: null, prefers: "a" });
    expect(group?.placementWhy).toBe(
      `No preferred has room for the whole group, so it spreads over ${bench().cluster}. Its pods prefer a, which has room for 2 of 3.`,
    );
    const preferred = await nodesIn(key, "a");
    expect((await nodesOf(set)).filter((node) => preferred.includes(node))).toHaveLength(2);
    await set.end();

    const small = await bench().start("fits", { replicas: 1, roles: engines(2), placement });
    expect(await groupOf(small)).toMatchObject({ domain: "a", prefers: "a" });
    expect((await nodesOf(small)).toSorted()).toEqual([...preferred].sort());
    await small.end();
  });

  test("with CreatePods the pods of a group without room are there for an autoscaler, with the scheduler's words", async () => {
    const key = await topology("createpods", { only: [0] });
    const [node = ""] = await nodesIn(key, "only");
    await occupy("in-the-way", node, 4);
    await occupied("in-the-way");
    const placement = { ...inDomain(key), whenFull: "CreatePods" };
    const set = await applied("createpods", { replicas: 1, roles: engines(1), placement });
    const { groups } = await set.until("the scheduler's word", (answer) =>
      (answer.groups[0]?.message ?? "").includes("Insufficient nvidia.com/gpu"),
    );
    expect(groups[0]).toMatchObject({ phase: "Starting", domain: "only", incarnation: 1 });
    expect(groups[0]?.placementWhy).toContain("left to the scheduler (whenFull: CreatePods)");
    await bench().kube.delete("pods", "in-the-way");
    await set.settled();
    expect(await set.incarnations()).toEqual([1]);
    await set.end();
  });

  test("exclusive Group gives each group of a set a domain of its own, also while one is taken down", async () => {
    const key = await topology("group", { a: [0], b: [1] });
    const set = await applied("ex-group", {
      replicas: 3,
      roles: [{ role: "engine" }],
      placement: inDomain(key, { exclusive: "Group" }),
    });
    expect(await waits(set, 2)).toMatch(
      /^No group is free for this group\. a: Holds group \d; this set asks for one group/,
    );
    await set.until("two to be ready", ({ groups }) => groups.filter(({ phase }) => phase === "Ready").length === 2);
    const taken = (await set.get()).groups.slice(0, 2).map(({ domain }) => domain ?? "");
    expect(taken.toSorted()).toEqual(["a", "b"]);
    expect((await groupOf(set))?.placementNotes[0]).toContain("no other group of this set (exclusive: Group).");
    await set.annotatePod(set.podName(0, "engine"), { crash: "1" });
    await set.reaches(0, 2);
    await set.until("it to be ready again", ({ groups }) => groups[0]?.phase === "Ready");
    expect((await groupOf(set))?.domain).toBe(taken[0]);
    expect((await groupOf(set, 2))?.phase).toBe("Pending");
    await set.end();
  });

  test("exclusive sets share no domain, and one that is not exclusive may come beside", async () => {
    const key = await topology("set", { only: [0] });
    const sketch = (exclusive: string) => ({
      replicas: 1,
      roles: [{ role: "engine" }],
      placement: inDomain(key, { exclusive }),
    });
    const first = await bench().start("ex-set-a", sketch("Set"));
    const second = await applied("ex-set-b", sketch("Group"));
    expect(await waits(second)).toContain(
      `Holds ${bench().namespace}/ex-set-a-0; exclusive sets do not share a set (exclusive: Set).`,
    );
    const plain = await bench().start("ex-set-c", sketch("None"));
    await first.end();
    await second.settled();
    await second.end();
    await plain.end();
  });

  test("exclusive All takes a domain that nobody is in, and keeps what is placed later out of it", async () => {
    const key = await topology("all", { a: [0], b: [1] });
    const [nodeA = "", nodeB = ""] = [...(await nodesIn(key, "a")), ...(await nodesIn(key, "b"))];
    await occupy("stranger", nodeA, 1);
    await occupied("stranger");
    const set = await bench().start("ex-all", {
      replicas: 1,
      roles: [{ role: "engine" }],
      placement: inDomain(key, { exclusive: "All" }),
    });
    expect(await nodesOf(set)).toEqual([nodeB]);
    expect((await groupOf(set))?.placementNotes).toEqual(["b is to hold nothing else (exclusive: All), and does."]);
    const beside = await applied("beside", { replicas: 1, roles: [{ role: "engine" }], placement: inDomain(key) });
    await beside.settled();
    expect(await nodesOf(beside)).toEqual([nodeA]);
    // Also those that need no domain, however many there are.
    const hosts = { "kubernetes.io/hostname": nodeB };
    const anywhere = await applied("anywhere", {
      replicas: 1,
      roles: [{ role: "engine", podSpec: { nodeSelector: hosts } }],
    });
    expect(await waits(anywhere)).toMatch(/^No cluster has /);
    await anywhere.end();
    await bench().kube.delete("pods", "stranger");
    await beside.end();
    await set.end();
  });

  test("a Secret that is gone keeps the next incarnation from starting, by name, until it is there again", async () => {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "keys", namespace: bench().namespace },
      stringData: { token: "x" },
    };
    await bench().kube.create("secrets", secret);
    const set = await bench().start("secretive", {
      replicas: 1,
      roles: [{ role: "engine", container: { envFrom: [{ secretRef: { name: "keys" } }] } }],
    });
    await bench().kube.delete("secrets", "keys");
    await set.annotatePod(set.podName(0, "engine"), { crash: "1" });
    expect(await waits(set)).toBe(
      `Secret keys does not exist in namespace ${bench().namespace} of cluster ${bench().cluster} (spec.groupTemplate.roles[0].template.spec.containers[0].envFrom[0].secretRef.name).`,
    );
    expect((await groupOf(set))?.refusals).toMatchObject([{ kind: "missing-reference" }]);
    expect(await set.objects("statefulsets.apps")).toEqual([]);
    await bench().kube.create("secrets", secret);
    await set.settled();
    expect(await set.incarnations()).toEqual([2]);
    await set.end();
  });

  test("Move now stops a group and starts it where the preview said, once", async () => {
    const key = await topology("move", { a: [0], b: [1], c: [2] });
    const set = await bench().start("mover", { replicas: 1, roles: engines(1), placement: inDomain(key) });
    const preview = await set.call<MoveView>("sets.previewMove", { group: 0 });
    expect(preview).toMatchObject({
      canMove: true,
      incarnation: 1,
      from: { domain: "a" },
      to: { domain: "b" },
      podsStopped: 1,
    });
    expect(await set.incarnations()).toEqual([1]);
    const move = () => set.call<MoveView>("sets.move", { group: 0, ifIncarnation: 1 });
    const answers = await Promise.allSettled([move(), move()]);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await set.reaches(0, 2);
    await set.settled();
    expect(await groupOf(set)).toMatchObject({ domain: "b", incarnation: 2 });
    expect(await nodesOf(set)).toEqual(await nodesIn(key, "b"));
    expect((await set.timeline("group.placed")).at(-1)?.cause).toMatch(/^A move was asked for\./);
    await expect(move()).rejects.toThrow("is at incarnation 2 by now, not 1");
    await set.end();
  });

  test("a group whose domain is lost moves as one with its next incarnation, and the timeline says what was lost", async () => {
    const key = await topology("lost", { a: [0, 1], b: [2, 3] });
    const set = await bench().start("leaver", { replicas: 1, roles: engines(2), placement: inDomain(key) });
    expect((await groupOf(set))?.domain).toBe("a");
    const lost = await nodesIn(key, "a");
    const cordon = async (unschedulable: boolean | null) => {
      for (const node of lost) await bench().kube.patch("nodes", node, { spec: { unschedulable } });
    };
    await cordon(true);
    try {
      await bench().kube.delete("pods", set.podName(0, "engine"));
      await set.reaches(0, 2);
      await set.settled();
    } finally {
      await cordon(null);
    }
    expect(await groupOf(set)).toMatchObject({ domain: "b", incarnation: 2 });
    expect((await nodesOf(set)).toSorted()).toEqual([...(await nodesIn(key, "b"))].sort());
    expect((await set.timeline("group.placed")).at(-1)?.cause).toMatch(
      new RegExp(`^${bench().cluster}/a can no longer hold it: 0 of 2 nodes usable .*is cordoned`),
    );
    await set.end();
  });

  test("a group whose room others take while it starts says so and is placed anew after the deadline, as no failure", async () => {
    const key = await topology("taken", { a: [0], b: [1] });
    const [node = ""] = await nodesIn(key, "a");
    const set = await applied("taken", {
      replicas: 1,
      roles: [
        { role: "prefill", container: gpus(4), annotations: { "sandbox.openpatio.io/ready-delay": "4s" } },
        { role: "decode", container: gpus(4), dependencies: ["prefill"] },
      ],
      placement: inDomain(key),
      rollout: { progressDeadlineSeconds: 8 },
    });
    await set.until("its first role", ({ pods }) => pods.some((pod) => pod.node === node));
    await occupy("thief", node, 4);
    await occupied("thief");
    await set.until("the scheduler's word", ({ groups }) =>
      (groups[0]?.message ?? "").includes("decode-0 has no node (0/24 nodes are available"),
    );
    await set.reaches(0, 2);
    await set.settled();
    expect((await groupOf(set))?.domain).toBe("b");
    expect(await set.timeline("group.failed")).toEqual([]);
    expect((await set.timeline("group.stopping"))[0]?.cause).toMatch(
      /^No room where it is placed: decode-0 has no node/,
    );
    await bench().kube.delete("pods", "thief");
    await set.end();
  });
});
