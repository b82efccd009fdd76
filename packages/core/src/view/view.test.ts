import { describe, expect, test } from "vitest";
import type { GroupState, ObservedPod, SetState } from "../model/index.ts";
import { leaseObject, readLease } from "../ownership/index.ts";
import { acceptSpec, plan, restartRollout } from "../plan/index.ts";
import type { ClusterInfo } from "../ports.ts";
import { aCluster, aContainer, aNode, aPod, aRole, aSet, clustersOf } from "../testing/index.ts";
import { attentionItems } from "./attention.ts";
import { clusterRow } from "./cluster-view.ts";
import { gpusOf } from "./gpus.ts";
import { groupPods, groupView } from "./group-view.ts";
import { type OwnershipModel, UNKNOWN_OWNERSHIP } from "./ownership-view.ts";
import { podView } from "./pod-view.ts";
import { previewView } from "./preview-view.ts";
import type { SetModel } from "./set-model.ts";
import { setDetail, setRow } from "./set-view.ts";

const NOW = 1_000_000;
const nodes = ["a", "b"].map((name) => aNode(name, { rack: `rack-${name}` }));
const live = aCluster({ nodes });
const alone = { cluster: "north", isStale: false, group: null, silentNodes: new Set<string>() };

/** A set after the planner's first look at a cluster with room. */
function started(draft: Parameters<typeof aSet>[0] = {}): SetState {
  const set = aSet(draft);
  const { next } = plan({ set, clusters: clustersOf(live), reservations: [] }, NOW);
  return { ...set, ...next };
}

function modelOf(state: SetState, cluster = live, pods: readonly ObservedPod[] = []): SetModel {
  const seen = {
    ...cluster,
    set: () => ({ owners: [], configMaps: [], services: [], workloads: [], pods, claims: [] }),
  };
  const clusters = clustersOf(seen);
  return {
    state,
    status: plan({ set: state, clusters, reservations: [] }, NOW).status,
    clusters,
    labels: {},
    createdAtMs: 0,
    changedAtMs: NOW,
    reservations: () => [],
    refusalsOf: () => [],
    refusedOf: () => null,
  };
}
const first = (state: SetState): GroupState => {
  const [group] = state.groups;
  if (group === undefined) throw new Error("no group");
  return group;
};

describe("a pod", () => {
  test.each([
    ["ready", aPod("p", { isReady: true }), "ready"],
    ["starting", aPod("p", { isReady: false, phase: "Pending" }), "starting: scheduling"],
    [
      "starting",
      aPod("p", {
        isReady: false,
        nodeName: "a",
        containers: [aContainer({ state: "waiting", reason: "ContainerCreating", isReady: false })],
      }),
      "starting: creating",
    ],
    [
      "failed",
      aPod("p", {
        isReady: false,
        containers: [aContainer({ state: "terminated", exitCode: 137, reason: "OOMKilled", isReady: false })],
      }),
      "exit 137 (OOMKilled)",
    ],
    [
      "failed",
      aPod("p", {
        isReady: false,
        containers: [aContainer({ state: "waiting", reason: "ImagePullBackOff", isReady: false })],
      }),
      "ImagePullBackOff",
    ],
    ["failed", aPod("p", { phase: "Failed", reason: "Evicted", isReady: false }), "Evicted"],
    ["deleting", aPod("p", { deletionAtMs: 1 }), "deleting"],
  ])("is %s, said as its reason", (state, pod, text) => {
    expect(podView(pod, alone)).toMatchObject({ state, stateText: text });
  });

  test("that can't be ended says which node does not answer, and what to do", () => {
    const silent = { ...alone, silentNodes: new Set(["node-07"]) };
    expect(podView(aPod("p", { deletionAtMs: 5_000, nodeName: "node-07" }), silent)).toMatchObject({
      state: "deleting",
      stateText: "hangs in termination on node-07, which is not Ready: force-delete it if that machine is off",
      deletingSinceMs: 5_000,
    });
    expect(podView(aPod("p", { deletionAtMs: 5_000, nodeName: "node-08" }), silent).stateText).toBe("deleting");
  });

  test("that was ready before is unready, not starting", () => {
    const pod = aPod("p", { isReady: false });
    const ready = { uid: pod.uid, name: "p", role: "decode", node: null, containers: {} };
    const group = { ...first(started()), readyPods: [ready] };
    expect(podView(pod, { ...alone, group }).state).toBe("unready");
  });

  test("of a cluster without contact is unknown, whatever it was", () => {
    expect(podView(aPod("p", { isReady: true }), { ...alone, isStale: true })).toMatchObject({
      state: "unknown",
      isStale: true,
    });
  });

  test("counts accelerators of any vendor", () => {
    expect(gpusOf({ "nvidia.com/gpu": 4, "amd.com/gpu": 2, cpu: 8, "nvidia.com/mig-1g.5gb": 1 })).toBe(7);
  });
});

describe("a group that starts", () => {
  const state = started();
  const model = modelOf(state);

  test("shows a place for each pod that is wanted, and what the later ones wait for", () => {
    const places = groupPods(model, first(state), []);
    expect(places.map((place) => [place.uid, place.state, place.stateText])).toEqual([
      ["place:0-prefill-0", "waiting", "not created yet"],
      ["place:0-prefill-1", "waiting", "not created yet"],
      ["place:0-decode-0", "waiting", "after prefill"],
      ["place:0-decode-1", "waiting", "after prefill"],
    ]);
  });

  test("has no place beside a pod that is there, also while that is going", () => {
    const pod = aPod("demo-0-prefill-0", { role: "prefill", ordinal: 0, groupIndex: 0, set: "demo", deletionAtMs: 1 });
    const uids = groupPods(model, first(state), [pod]).map((view) => view.uid);
    expect(uids).toContain(pod.uid);
    expect(uids).not.toContain("place:0-prefill-0");
  });

  test("says where it is and how its roles stand", () => {
    const view = groupView(model, first(state));
    expect(view).toMatchObject({ phase: "Starting", cluster: "north", incarnation: 1, nextIncarnation: null });
    expect(view.roles).toMatchObject([
      { role: "prefill", stage: "starting", waitsFor: [] },
      { role: "decode", stage: "waiting", waitsFor: ["prefill"] },
    ]);
  });

  test("shows roles of a later incarnation as waiting while only their names are held", () => {
    const group: GroupState = { ...first(state), incarnation: 2, startedRoles: [] };
    expect(groupView(model, group).roles.map((role) => role.stage)).toEqual(["waiting", "waiting"]);
    const begun: GroupState = { ...group, startedRoles: ["prefill"] };
    expect(groupView(model, begun).roles.map((role) => role.stage)).toEqual(["starting", "waiting"]);
  });

  test("is unknown while its cluster does not answer, and never ready", () => {
    const lost = modelOf(state, aCluster({ nodes, health: "unreachable" }));
    expect(groupView(lost, first(state))).toMatchObject({ phase: "Unknown", isStale: true });
    expect(setRow(lost)).toMatchObject({ isStale: true, readyGroups: 0 });
  });
});

test("a group between two lives keeps the places of its pods, with the cross on the one that failed", () => {
  const state = started();
  const cause = { kind: "failure" as const, message: "", atMs: NOW, pod: "demo-0-decode-1", exitCode: 137 };
  const group: GroupState = { ...first(state), stage: "waiting", lastCause: cause, notBeforeMs: NOW + 5_000 };
  const model = modelOf({ ...state, groups: [group] });
  expect(groupView(model, group)).toMatchObject({ nextIncarnation: 2, cause });
  expect(groupPods(model, group, []).map((place) => [place.state, place.stateText])).toEqual([
    ["tornDown", "torn down"],
    ["tornDown", "torn down"],
    ["tornDown", "torn down"],
    ["failed", "exit 137"],
  ]);
});

test("a set is summed up over its groups, worst first", () => {
  const state = started({ roles: [aRole({ role: "engine", replicas: 2, gpus: 2 })] });
  const detail = setDetail(modelOf(state));
  expect(detail).toMatchObject({ phase: "Starting", replicas: 2, pods: 4, readyPods: 0, gpus: 8, isSimulated: true });
  expect(detail.roles).toMatchObject([{ role: "engine", gpusPerPod: 2, wave: 1, wantedPods: 4, image: "engine:1" }]);
  expect(detail.revisions).toMatchObject([{ number: 1, summary: "first revision", isTarget: true, groups: 2 }]);
  expect(detail.rollout).toMatchObject({ isActive: false, canAbort: false });
});

describe("a cluster", () => {
  const info: ClusterInfo = {
    health: "live",
    version: "v1.30.0",
    latencyMs: 1.4,
    lastContactMs: 1_234_567,
    message: null,
    server: "https://north",
    missingPermissions: [],
    apiRequests: 0,
    apiErrors: 0,
    apiWrites: 0,
  };
  const rowOf = (
    cluster = live,
    state: SetState | null = null,
    ownership: OwnershipModel = { ...UNKNOWN_OWNERSHIP, state: "held" },
  ) =>
    clusterRow({
      observed: cluster,
      info,
      ownership,
      registeredAtMs: 0,
      sets: state === null ? [] : [modelOf(state, cluster)],
      reservations:
        state === null
          ? []
          : [
              {
                namespace: "default",
                set: "demo",
                group: 0,
                cluster: "north",
                domain: { key: "topology.kubernetes.io/rack", value: "rack-a" },
                prefers: null,
                avoid: [],
                exclusive: "None",
                demands: [
                  {
                    role: "engine",
                    ordinal: 0,
                    requests: { "nvidia.com/gpu": 3 },
                    hostPorts: [],
                    nodeSelector: {},
                    affinity: undefined,
                    tolerations: [],
                  },
                ],
              },
            ],
      faults: null,
    });

  test("tells what is used, what is promised and the largest block that is free", () => {
    const pod = aPod("other", { nodeName: "b", requests: { "nvidia.com/gpu": 2, pods: 1 } });
    const row = rowOf(aCluster({ nodes, pods: [pod] }), started());
    expect(row).toMatchObject({
      gpus: 16,
      gpusUsed: 2,
      gpusReserved: 3,
      largestFreeBlock: { domain: "rack-b", gpus: 6 },
    });
    expect(row.domains.map((domain) => domain.gpusReserved)).toEqual([3, 0]);
  });

  test("that does not answer needs attention once, not once per group", () => {
    const lost = aCluster({ nodes, health: "unreachable" });
    const items = attentionItems(
      [modelOf(started(), lost)],
      [{ row: { ...rowOf(), health: "unreachable" }, sinceMs: 0 }],
    );
    expect(items.map((item) => item.key)).toEqual(["cluster/north"]);
  });

  test("that is another control plane's says whose, by which Lease, and needs attention once", () => {
    const foreign = aCluster({ nodes, health: "foreign" });
    const holder = "22222222-2222-4222-8222-222222222222";
    const lease = leaseObject({
      namespace: "kube-system",
      controlPlane: holder,
      host: "desk-7",
      nonce: "n",
      at: "2026-01-01T00:00:00.000Z",
      durationMs: 60_000,
      before: null,
    });
    const row = rowOf(foreign, started(), {
      ...UNKNOWN_OWNERSHIP,
      state: "foreign",
      owner: readLease(lease),
      silentMs: 120_000,
    });
    const message =
      "It belongs to the control plane desk-7 (22222222), by the Lease kube-system/openpatio. That has not renewed it for 2 min. Nothing there is touched until somebody takes it over here.";
    expect(row).toMatchObject({ message, ownership: { owner: { name: "desk-7 (22222222)", isSilent: true } } });
    const items = attentionItems([modelOf(started(), foreign)], [{ row, sinceMs: 0 }]);
    expect(items).toMatchObject([{ key: "cluster/north", phase: "Foreign", severity: "failed", message }]);
  });
});

test("what needs attention comes worst first and links to its place", () => {
  const waiting = started({ roles: [aRole({ role: "engine", gpus: 64 })] });
  const items = attentionItems([modelOf(waiting)], []);
  expect(items).toMatchObject([
    { severity: "waiting", phase: "Pending", href: "/sets/default/demo?group=0", place: "not placed" },
    { severity: "waiting", phase: "Pending", href: "/sets/default/demo?group=1", place: "not placed" },
  ]);
});

test("a preview is the planner's own placement, and names no object of a group that has no place", () => {
  const roles = [aRole({ role: "engine", gpus: 8 })];
  const after = aSet({ roles, replicas: 3, placement: { topology: { key: "topology.kubernetes.io/rack" } } });
  const { next } = plan({ set: after, clusters: clustersOf(live), reservations: [] }, NOW);
  const preview = previewView({
    before: null,
    after,
    yaml: "",
    planned: next.groups,
    clusters: clustersOf(live),
    reservations: [],
    missing: new Map(),
    checks: [],
    nowMs: NOW,
  });
  expect(preview.groups.map((group) => [group.then, group.domain])).toEqual([
    ["starts", "rack-a"],
    ["starts", "rack-b"],
    ["unplaced", null],
  ]);
  expect(preview.summary).toBe("2 groups start; 1 group waits for room.");
  expect(preview.capacity.map((domain) => [domain.domain, domain.usedAfter])).toEqual([
    ["rack-a", 8],
    ["rack-b", 8],
  ]);
  expect(new Set(preview.objects.map((object) => object.name.match(/demo-(\d)/)?.[1]))).toEqual(new Set(["0", "1"]));
  expect(preview.checks).toMatchObject([{ level: "warning" }]);
});

test("a restart says how many groups are restarted, a rollout how many are on its revision", () => {
  const running = started();
  const good = { ...running, rollout: { ...running.rollout, lastGood: 1 } };
  const restarted = restartRollout(good, NOW).state;
  expect(setDetail(modelOf(restarted)).rollout.message).toBe("0 of 2 groups restarted, at most 1 down at a time.");
  const changed = acceptSpec(good, aSet({ roles: [aRole({ role: "prefill", image: "engine:2" })] }).spec, NOW);
  expect(setDetail(modelOf(changed?.state ?? good)).rollout.message).toBe(
    "0 of 2 groups on revision 2, at most 1 down at a time.",
  );
});

test("at rest a rollout says what runs and what a change takes, and a partition what it does with the next one", () => {
  const rolloutOf = (state: SetState) => setDetail(modelOf(state)).rollout;
  expect(rolloutOf(started()).message).toBe("Every group is on revision 1. A change takes 1 group at a time.");
  expect(rolloutOf(started({ replicas: 0 })).message).toBe("No groups are asked for.");
  const [first] = started().groups;
  expect(rolloutOf({ ...started(), groups: first === undefined ? [] : [first] }).message).toBe(
    "1 of 2 groups runs, at revision 1.",
  );
  const held = started({ rollout: { partition: 1 } });
  expect(rolloutOf(held).partitionMessage).toBe("Partition 1: a new revision goes to groups from 1 up first.");
  const all = started({ rollout: { partition: 2 } });
  expect(rolloutOf(all).partitionMessage).toBe("Partition 2: no group takes a new revision until it is lowered.");
});

test("a canary is told once, in the words of the condition", () => {
  const held = started({ rollout: { partition: 1 } });
  const draft = { roles: [aRole({ role: "prefill", image: "engine:2" })], rollout: { partition: 1 } };
  const edited = acceptSpec(held, aSet(draft).spec, NOW)?.state ?? held;
  const [kept, taken] = edited.groups;
  if (kept === undefined || taken === undefined) throw new Error("two groups were started");
  const { rollout } = setDetail(modelOf({ ...edited, groups: [kept, { ...taken, revision: 2 }] }));
  expect(rollout).toMatchObject({ isActive: false, heldBack: 1, partitionMessage: null });
  expect(rollout.message).toMatch(/^Canary: \d of 2 groups at revision 2; partition 1 holds 1 back\.$/);
});

describe("what goes on besides phases", () => {
  test("a fight over a field is told with its object, its field and who fights", () => {
    const state = started({ replicas: 1 });
    const fight = { field: "data", manager: "helm", sinceMs: 5, seen: "x", changedAtMs: 5, generation: 1 };
    const restorations = [{ object: "ConfigMap/demo-0-config", atMs: 5, beforeMs: 1, fight }];
    const fought = { ...state, groups: state.groups.map((group) => ({ ...group, restorations })) };
    expect(setDetail(modelOf(fought)).fights).toEqual([
      { group: 0, object: "ConfigMap demo-0-config", field: "data", manager: "helm", sinceMs: 5 },
    ]);
    expect(setDetail(modelOf(state)).fights).toEqual([]);
  });

  test.each([
    [null, "given-up"],
    [NOW + 5000, "waiting"],
  ] as const)(
    "a role that is recreated alone says which life it is in, and for what it waits",
    (notBeforeMs, stage) => {
      const group = first(started({ replicas: 1, roles: [aRole({ role: "prefill" })] }));
      const cause = { kind: "failure", message: "prefill-0 exited 1", atMs: 7 } as const;
      const restart = {
        role: "prefill",
        restart: 2,
        stage: "waiting",
        notBeforeMs,
        failuresInRow: 2,
        cause,
        sinceMs: 8,
      } as const;
      const state = { ...started({ replicas: 1, roles: [aRole({ role: "prefill" })] }) };
      const view = groupView(modelOf(state), { ...group, roleRestarts: [restart] });
      expect(view.roles[0]?.restart).toEqual({
        number: 2,
        stage,
        message: "prefill-0 exited 1",
        atMs: 8,
        untilMs: notBeforeMs,
      });
    },
  );
});
