import { describe, expect, test } from "vitest";
import type { ObservedNode, ObservedPod } from "../model/index.ts";
import { aCluster, aNode, aPod, aRole, aSet, clustersOf, RACK } from "../testing/index.ts";
import { openLedger } from "./ledger.ts";
import { placeGroup } from "./place-group.ts";
import type { PlacementDecision, Reservation } from "./types.ts";

type Fleet = {
  readonly nodes: readonly ObservedNode[];
  readonly pods?: readonly ObservedPod[];
  readonly reservations?: readonly Reservation[];
};

const racks = (count: number, nodesEach = 4): readonly ObservedNode[] =>
  Array.from({ length: count * nodesEach }, (_, i) => aNode(`n${i}`, { rack: `rack-${Math.floor(i / nodesEach)}` }));
const onRacks = (fields: Readonly<Record<string, unknown>> = {}) => ({ topology: { key: RACK, ...fields } });
/** `gpus` GPUs on one node, taken by somebody. */
const user = (node: string, gpus: number): ObservedPod =>
  aPod(`user-${node}`, { nodeName: node, requests: { "nvidia.com/gpu": gpus, pods: 1 } });
const gpuRoles = (...counts: readonly (readonly [string, number, number])[]) =>
  counts.map(([role, replicas, gpus]) => aRole({ role, replicas, gpus }));

function decide(draft: Parameters<typeof aSet>[0], fleet: Fleet, group = 0): PlacementDecision {
  const cluster = aCluster({ nodes: fleet.nodes, pods: fleet.pods ?? [] });
  const ledger = openLedger(clustersOf(cluster), () => fleet.reservations ?? []);
  return placeGroup({ set: aSet(draft), group, revision: 1 }, ledger);
}
const whereOf = (decision: PlacementDecision) => (decision.placed ? decision.domain?.value : decision.message);
const demandOf = (gpus: number) => ({
  role: "a",
  ordinal: 0,
  requests: { "nvidia.com/gpu": gpus, pods: 1 },
  hostPorts: [],
  nodeSelector: {},
  affinity: null,
  tolerations: [],
});
function reservation(draft: Partial<Reservation> & { readonly rack?: string; readonly gpus?: number }): Reservation {
  const { rack, gpus = 0, ...fields } = draft;
  return {
    namespace: "default",
    set: "other",
    group: 0,
    cluster: "north",
    domain: rack === undefined ? null : { key: RACK, value: rack },
    prefers: null,
    avoid: [],
    exclusive: "None",
    demands: gpus === 0 ? [] : [demandOf(gpus)],
    ...fields,
  };
}

test("the order in which a cluster lists its nodes decides nothing, also with promises that leave the node open", () => {
  const nodes = racks(3);
  const reservations = [reservation({ gpus: 3 }), reservation({ group: 1, gpus: 3 })];
  const draft = { roles: gpuRoles(["prefill", 2, 8]), placement: onRacks() };
  const reversed = [...nodes].reverse();
  expect(decide(draft, { nodes: reversed, reservations })).toEqual(decide(draft, { nodes, reservations }));
});

test("Pack takes the fullest rack that fits, Spread the emptiest, ties break by name", () => {
  const nodes = racks(3);
  const pods = [user("n4", 8), user("n8", 8), user("n9", 8)];
  const roles = gpuRoles(["prefill", 2, 8]);
  expect(whereOf(decide({ roles, placement: onRacks() }, { nodes, pods }))).toBe("rack-2");
  expect(whereOf(decide({ roles, placement: { ...onRacks(), strategy: "Spread" } }, { nodes, pods }))).toBe("rack-0");
  expect(whereOf(decide({ roles, placement: onRacks() }, { nodes: [...nodes].reverse() }))).toBe("rack-0");
});

test("a placement says why", () => {
  const decision = decide({ roles: gpuRoles(["a", 3, 8]), placement: onRacks() }, { nodes: racks(2) });
  expect(decision.placed && decision.why).toBe("The fullest of 2 racks that fit: 32 GPUs free, 8 left after it.");
});

test("the whole group must fit at once, and the refusal says how far it is off", () => {
  const roles = gpuRoles(["prefill", 2, 4], ["decode", 4, 4]);
  const pods = [
    user("n0", 8),
    user("n1", 4),
    user("n2", 8),
    user("n4", 8),
    user("n5", 8),
    user("n6", 8),
    user("n7", 4),
  ];
  const nodes = racks(2).map((node) => (node.name === "n3" ? { ...node, isUnschedulable: true } : node));
  const decision = decide({ roles, placement: onRacks() }, { nodes, pods });
  expect(decision).toMatchObject({
    placed: false,
    message: "No rack has 24 free GPUs. Closest: rack-0, 4 free, short of 20.",
    refusals: [
      {
        domain: "rack-0",
        kind: "insufficient",
        message: "3 of 4 nodes usable (n3 is cordoned), 4 of 24 GPUs free. No room for prefill-1, decode-0 … decode-3.",
        short: 20,
        free: 4,
      },
      {
        domain: "rack-1",
        message: "4 of 4 nodes usable, 4 of 32 GPUs free. No room for prefill-1, decode-0 … decode-3.",
      },
    ],
  });
  expect(decision.refusals[0]?.fits).toEqual([
    { role: "prefill", ordinal: 0, fits: true },
    { role: "prefill", ordinal: 1, fits: false },
    ...[0, 1, 2, 3].map((ordinal) => ({ role: "decode", ordinal, fits: false })),
  ]);
});

test("a pod that is larger than any node is named: no room that comes free would help", () => {
  const decision = decide({ roles: gpuRoles(["prefill", 4, 9]), placement: onRacks() }, { nodes: racks(2) });
  expect(whereOf(decision)).toBe("No node can hold prefill-0: it asks for 9 GPUs, and the largest node has 8.");
});

test("enough in sum is not enough when no node has it", () => {
  const pods = ["n0", "n1", "n2", "n3"].map((node) => user(node, 4));
  const decision = decide({ roles: gpuRoles(["a", 1, 8]), placement: onRacks() }, { nodes: racks(1), pods });
  expect(whereOf(decision)).toBe("No rack has room for the whole group. Closest: rack-0, no room for a-0.");
});

test.each<[string, Partial<ObservedNode>, string]>([
  ["not ready", { isReady: false }, "n0 is not ready"],
  ["cordoned", { isUnschedulable: true }, "n0 is cordoned"],
  ["tainted", { taints: [{ key: "gpu", value: "only", effect: "NoSchedule" }] }, "n0 has the taint gpu=only"],
  ["without the selected label", { labels: { [RACK]: "r" } }, "n0 does not match the node selector"],
])("a node that is %s is not usable, and the refusal says so", (_, fields, reason) => {
  const roles = [aRole({ role: "a", podSpec: { nodeSelector: { "kubernetes.io/hostname": "n0" } } })];
  const node = { ...aNode("n0", { rack: "r" }), ...fields };
  const decision = decide({ roles, placement: onRacks() }, { nodes: [node] });
  expect(decision.refusals[0]?.message).toContain(`0 of 1 nodes usable (${reason})`);
});

test("tolerations, required node affinity and host ports are honoured", () => {
  const tainted = aNode("n0", { rack: "r", taints: [{ key: "gpu", value: "only", effect: "NoSchedule" }] });
  const affinity = (key: string, operator: string, values?: readonly string[]) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
      },
    },
  });
  const fits = (podSpec: Readonly<Record<string, unknown>>, replicas = 1) =>
    decide({ roles: [aRole({ role: "a", replicas, podSpec })], placement: onRacks() }, { nodes: [tainted] }).placed;
  const tolerations = [{ key: "gpu", operator: "Exists" }];
  expect(fits({})).toBe(false);
  expect(fits({ tolerations })).toBe(true);
  expect(fits({ tolerations, affinity: affinity(RACK, "In", ["r"]) })).toBe(true);
  expect(fits({ tolerations, affinity: affinity(RACK, "NotIn", ["r"]) })).toBe(false);
  expect(fits({ tolerations, affinity: affinity("zone", "DoesNotExist") })).toBe(true);
  expect(fits({ tolerations, hostNetwork: true })).toBe(true);
  expect(fits({ tolerations, hostNetwork: true }, 2)).toBe(false);
});

test("room that is promised and not yet taken is not given away, and is counted once", () => {
  const nodes = racks(1, 1);
  const roles = gpuRoles(["a", 1, 8]);
  const promised = reservation({ rack: "rack-0", gpus: 4 });
  expect(decide({ roles, placement: onRacks() }, { nodes, reservations: [promised] }).placed).toBe(false);
  const bound = aPod("bound", {
    set: "other",
    groupIndex: 0,
    role: "a",
    incarnation: 1,
    nodeName: "n0",
    requests: { "nvidia.com/gpu": 4, pods: 1 },
  });
  const half = { roles: gpuRoles(["a", 1, 4]), placement: onRacks() };
  expect(decide(half, { nodes, reservations: [promised], pods: [bound] }).placed).toBe(true);
});

test("exclusive Group wants one group of the set per rack", () => {
  const own = reservation({ set: "demo", group: 2, rack: "rack-0" });
  const placement = onRacks({ exclusive: "Group" });
  const decision = decide({ placement }, { nodes: racks(2), reservations: [own] });
  expect(whereOf(decision)).toBe("rack-1");
  expect(decision.refusals[0]?.message).toBe("Holds group 2; this set asks for one group per rack (exclusive: Group).");
});

test.each<["None" | "Group" | "Set" | "All", "None" | "Group" | "Set" | "All", boolean]>([
  ["None", "None", true],
  ["None", "Group", true],
  ["None", "Set", true],
  ["None", "All", false],
  ["Group", "None", true],
  ["Group", "Group", true],
  ["Group", "Set", false],
  ["Set", "None", true],
  ["Set", "Group", false],
  ["Set", "Set", false],
  ["All", "None", false],
])("a group with exclusive %s beside another set's with %s: %s", (mine, other, isPlaced) => {
  const beside = reservation({ rack: "rack-0", exclusive: other });
  const placement = onRacks({ exclusive: mine });
  expect(decide({ placement }, { nodes: racks(1), reservations: [beside] }).placed).toBe(isPlaced);
});

test("exclusive All is disturbed by any pod but those of DaemonSets", () => {
  const placement = onRacks({ exclusive: "All" });
  const daemon = { ...user("n0", 0), isDaemonSetPod: true };
  expect(decide({ placement }, { nodes: racks(1), pods: [daemon] }).placed).toBe(true);
  const decision = decide({ placement }, { nodes: racks(1), pods: [user("n0", 0)] });
  expect(decision.refusals[0]?.message).toBe(
    "Holds the pod default/user-n0; this set asks for the rack alone (exclusive: All).",
  );
});

test("of several pods that disturb it the first by name is told, however a cache lists them", () => {
  const placement = onRacks({ exclusive: "All" });
  const pods = [aPod("b", { nodeName: "n0" }), aPod("a", { nodeName: "n0" })];
  const words = [pods, [...pods].reverse()].map(
    (listed) => decide({ placement }, { nodes: racks(1), pods: listed }).refusals[0]?.message,
  );
  expect(words[0]).toMatch(/^Holds the pod default\/a;/);
  expect(words[1]).toBe(words[0]);
});

test("without a topology the cluster is one domain and nothing is pinned", () => {
  const decision = decide({ roles: gpuRoles(["a", 4, 8]) }, { nodes: racks(2, 2) });
  expect(decision).toMatchObject({ placed: true, domain: null });
});

test("a cluster without the label, or without an answer, is named", () => {
  expect(whereOf(decide({ placement: onRacks() }, { nodes: [aNode("n0")] }))).toBe(
    `No node of north has the label ${RACK}.`,
  );
  const cluster = aCluster({ health: "unreachable" });
  const ledger = openLedger(clustersOf(cluster), () => []);
  expect(placeGroup({ set: aSet(), group: 0, revision: 1 }, ledger)).toMatchObject({
    placed: false,
    message: "north does not answer; nothing is placed there.",
  });
});

test("Pack counts what is free on usable nodes only", () => {
  const nodes = [
    aNode("a1", { rack: "a" }),
    ...["a2", "a3", "a4"].map((name) => aNode(name, { rack: "a", isUnschedulable: true })),
    aNode("b1", { rack: "b" }),
    aNode("b2", { rack: "b" }),
  ];
  const decision = decide({ roles: gpuRoles(["a", 1, 8]), placement: onRacks() }, { nodes });
  expect(whereOf(decision)).toBe("a");
});

test("a group without a topology is kept out of domains that others hold alone", () => {
  const alone = reservation({ rack: "rack-0", exclusive: "All" });
  const draft = { roles: gpuRoles(["a", 1, 8]) };
  expect(decide(draft, { nodes: racks(2), reservations: [alone] })).toMatchObject({
    placed: true,
    domain: null,
    avoid: [{ key: RACK, value: "rack-0" }],
  });
  expect(decide(draft, { nodes: racks(1), reservations: [alone] }).placed).toBe(false);
});

test("exclusive All waits for pods that have no node yet and may come, unless they are kept out", () => {
  const draft = { placement: onRacks({ exclusive: "All" }) };
  const fleet = (avoid: Reservation["avoid"]): Fleet => ({
    nodes: racks(1),
    reservations: [reservation({ gpus: 1, avoid })],
  });
  expect(whereOf(decide(draft, fleet([])))).toMatch(/Pods of default\/other-0 have no node yet and may come here/);
  expect(decide(draft, { ...fleet([{ key: RACK, value: "rack-0" }]), nodes: racks(2) })).toMatchObject({
    placed: true,
    domain: { value: "rack-0" },
  });
});

test("a host port that is taken everywhere is named", () => {
  const roles = [aRole({ role: "a", podSpec: { hostNetwork: true } })];
  const pods = [aPod("proxy", { nodeName: "n0", hostPorts: [8000] })];
  const decision = decide({ roles, placement: onRacks() }, { nodes: racks(1, 1), pods });
  expect(decision.refusals[0]?.message).toMatch(/No room for a-0: host port 8000 is taken\.$/);
  const full = [...pods, aPod("full", { nodeName: "n0", requests: { pods: 110 } })];
  const other = decide({ roles, placement: onRacks() }, { nodes: racks(1, 1), pods: full });
  expect(other.refusals[0]?.message).toMatch(/No room for a-0\.$/);
});

test.each(["Group", "Set"] as const)(
  "exclusive %s keeps away from racks with pods of the set's other groups, wherever those were placed",
  (exclusive) => {
    const own = aPod("own", { nodeName: "n0", set: "demo", groupIndex: 3 });
    const placement = onRacks({ exclusive });
    const decision = decide({ placement }, { nodes: racks(2, 1), pods: [own, user("n1", 1)] });
    expect(whereOf(decision)).toBe("rack-1");
    expect(decision.refusals[0]?.message).toMatch(/^Holds the pod default\/own; this set asks for one group per rack/);
    const anywhere = reservation({ set: "demo", group: 3, gpus: 1 });
    expect(whereOf(decide({ placement }, { nodes: racks(1, 1), reservations: [anywhere] }))).toMatch(
      /Pods of group 3 have no node yet and may come here/,
    );
    const elsewhere = reservation({ set: "other", group: 3, gpus: 1 });
    expect(whereOf(decide({ placement }, { nodes: racks(1, 1), reservations: [elsewhere] }))).toBe("rack-0");
  },
);

describe("mode Preferred", () => {
  const preferred = onRacks({ mode: "Preferred" });

  test("takes one rack by the strategy, which its pods prefer", () => {
    const pods = [user("n4", 8)];
    const roles = gpuRoles(["a", 2, 8]);
    const fleet = { nodes: racks(2), pods };
    const rack = (value: string) => ({ placed: true, domain: { value }, prefers: { key: RACK, value } });
    expect(decide({ roles, placement: preferred }, fleet)).toMatchObject(rack("rack-1"));
    expect(decide({ roles, placement: { ...preferred, strategy: "Spread" } }, fleet)).toMatchObject(rack("rack-0"));
  });

  test("spreads with room on single nodes, prefers the rack with most of it, and stays off racks that are held alone", () => {
    const roles = gpuRoles(["a", 3, 8]);
    const pods = [user("n1", 8), user("n3", 1)];
    const fleet = { nodes: racks(3, 2), pods, reservations: [reservation({ rack: "rack-2", exclusive: "All" })] };
    expect(whereOf(decide({ roles, placement: preferred }, fleet))).toMatch(
      /^No cluster has 24 free GPUs\. Closest: north/,
    );
    const two = decide({ roles: gpuRoles(["a", 2, 8]), placement: preferred }, fleet);
    expect(two).toMatchObject({
      placed: true,
      domain: null,
      prefers: { value: "rack-0" },
      avoid: [{ value: "rack-2" }],
      refusals: [{ domain: "rack-0" }, { domain: "rack-1" }, { domain: "rack-2", kind: "exclusive" }],
    });
  });

  test("needs no label: in a cluster without any, nothing is preferred", () => {
    const decision = decide({ placement: preferred }, { nodes: [aNode("n0")] });
    expect(decision).toMatchObject({ placed: true, domain: null, prefers: null });
  });

  test("promises the rest of it room outside its rack, where others then find none", () => {
    const demands = Array.from({ length: 2 }, (_, ordinal) => ({ ...demandOf(8), ordinal }));
    const loose = reservation({ rack: "rack-0", prefers: { key: RACK, value: "rack-0" }, demands });
    const fleet = { nodes: racks(2, 1), reservations: [loose] };
    expect(decide({ roles: gpuRoles(["a", 1, 1]), placement: onRacks() }, fleet).placed).toBe(false);
  });
});

describe("whenFull CreatePods", () => {
  const placement = (fields: Readonly<Record<string, unknown>> = {}) => ({
    ...onRacks(fields),
    whenFull: "CreatePods",
  });
  const roles = gpuRoles(["a", 2, 8]);
  const full = (...nodes: readonly string[]) => nodes.map((node) => user(node, 8));

  test("goes where there is room as long as there is some", () => {
    const decision = decide({ roles, placement: placement() }, { nodes: racks(2, 2), pods: full("n0") });
    expect(decision).toMatchObject({ placed: true, domain: { value: "rack-1" }, isBeyondRoom: false });
  });

  test("takes the emptiest rack that could hold the group, never one that could not", () => {
    const nodes = [...racks(2, 2), aNode("n4", { rack: "rack-2" })];
    const decision = decide({ roles, placement: placement() }, { nodes, pods: full("n0", "n1", "n2") });
    expect(decision).toMatchObject({ placed: true, domain: { value: "rack-1" }, isBeyondRoom: true });
    expect(decision.placed && decision.why).toBe(
      "No room for the whole group now: its pods are created and left to the scheduler (whenFull: CreatePods). It goes to the emptiest of 2 racks that could hold it.",
    );
  });

  test("takes one by the strategy where none could, for nodes may be added", () => {
    const nodes = racks(2, 1);
    const at = (strategy: string) =>
      whereOf(decide({ roles, placement: { ...placement(), strategy } }, { nodes, pods: full("n1") }));
    expect([at("Pack"), at("Spread")]).toEqual(["rack-1", "rack-0"]);
  });

  test("never enters a rack that others hold alone, and waits where no node has the label", () => {
    const alone = [reservation({ rack: "rack-0", exclusive: "All", gpus: 8 })];
    expect(decide({ roles, placement: placement() }, { nodes: racks(1, 1), reservations: alone }).placed).toBe(false);
    expect(whereOf(decide({ roles, placement: placement() }, { nodes: [aNode("n0")] }))).toBe(
      `No node of north has the label ${RACK}.`,
    );
  });

  test("without a topology its pods may go anywhere in the cluster", () => {
    const decision = decide({ roles, placement: { whenFull: "CreatePods" } }, { nodes: racks(1, 1) });
    expect(decision).toMatchObject({ placed: true, domain: null, isBeyondRoom: true });
  });
});
