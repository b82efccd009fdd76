import { describe, expect, test } from "vitest";
import { createWorld, pod, type World, workload } from "./testing.ts";

function annotated(annotations: Readonly<Record<string, string>>) {
  return {
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`sandbox.openpatio.io/${key}`, value]),
    ),
  };
}

/** A pod `p` that has been running for a while. */
function runningPod(spec = {}, annotations = {}): World {
  const world = createWorld();
  world.store.create("pods", pod("p", spec, annotated(annotations)));
  world.advance(2000);
  return world;
}

describe("start", () => {
  test("goes through ContainerCreating, Running and Ready at times that a person can follow", () => {
    const world = createWorld({ timing: "demo" });
    world.store.create("pods", pod("p"));
    world.advance(0);
    expect(world.container("p").state?.waiting?.reason).toBe("ContainerCreating");
    world.advance(1500);
    expect(world.summary()).toEqual(["p Running"]);
    world.advance(4000);
    expect(world.summary()).toEqual(["p Running ready"]);
  });

  test("a running pod has addresses, ids and conditions", () => {
    const world = runningPod();
    const { status } = world.pod("p");
    expect(status?.podIP).toMatch(/^10\.128\.\d+\.\d+$/u);
    expect(status).toMatchObject({ phase: "Running", qosClass: "BestEffort", podIPs: [{ ip: status?.podIP }] });
    expect(world.container("p")).toMatchObject({
      name: "engine",
      image: "engine:1",
      ready: true,
      started: true,
      restartCount: 0,
    });
    expect(world.container("p").containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/u);
    expect(world.container("p").imageID).toMatch(/^engine:1@sha256:[0-9a-f]{64}$/u);
    const conditions = status?.conditions?.map(({ type, status: value }) => `${type}=${value}`);
    expect(conditions).toEqual([
      "PodScheduled=True",
      "PodReadyToStartContainers=True",
      "Initialized=True",
      "ContainersReady=True",
      "Ready=True",
    ]);
  });

  test("tells its steps as events", () => {
    const world = runningPod();
    expect(world.events("p")).toEqual([
      expect.stringMatching(/^Scheduled: Successfully assigned default\/p to n\d$/u),
      'Pulled: Container image "engine:1" already present on machine and can be accessed by the pod',
      "Created: Container created",
      "Started: Container started",
    ]);
  });

  test("no two pods share an address", () => {
    const world = createWorld();
    world.store.create(
      "statefulsets.apps",
      workload("StatefulSet", "web", { replicas: 30, podManagementPolicy: "Parallel" }),
    );
    world.advance(1000);
    expect(new Set(world.pods().map(({ status }) => status?.podIP)).size).toBe(30);
  });

  test("init containers run one after the other before the containers, sidecars go on", () => {
    const world = createWorld({ timing: "demo" });
    const initContainers = [
      { name: "fetch", image: "fetch:1" },
      { name: "proxy", image: "proxy:1", restartPolicy: "Always" },
      { name: "warm", image: "warm:1" },
    ];
    world.store.create("pods", pod("p", { initContainers }));
    const seen = new Set<string>();
    for (let step = 0; step < 100; step += 1) {
      world.advance(100);
      const states = (world.pod("p").status?.initContainerStatuses ?? []).map(
        ({ state }) => Object.keys(state ?? {})[0],
      );
      seen.add([...states, world.pod("p").status?.phase].join(" "));
    }
    expect([...seen]).toEqual([
      "waiting waiting waiting Pending",
      "running waiting waiting Pending",
      "terminated running running Pending",
      "terminated running terminated Running",
    ]);
    expect(world.summary()).toEqual(["p Running ready"]);
  });

  test("a missing ConfigMap in the environment holds the container until it appears", () => {
    const world = createWorld();
    const containers = [{ name: "engine", image: "engine:1", envFrom: [{ configMapRef: { name: "settings" } }] }];
    world.store.create("pods", pod("p", { containers }));
    world.advance(5000);
    expect(world.container("p").state?.waiting).toEqual({
      reason: "CreateContainerConfigError",
      message: 'configmap "settings" not found',
    });
    world.store.create("configmaps", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace: "default" },
    });
    world.advance(500);
    expect(world.summary()).toEqual(["p Running ready"]);
  });

  test("a missing Secret in a volume keeps the pod in ContainerCreating and says so", () => {
    const world = createWorld();
    world.store.create("pods", pod("p", { volumes: [{ name: "keys", secret: { secretName: "keys" } }] }));
    world.advance(5000);
    expect(world.container("p").state?.waiting?.reason).toBe("ContainerCreating");
    expect(world.events("p")).toContain(
      'FailedMount: MountVolume.SetUp failed for volume "keys" : secret "keys" not found',
    );
    world.store.create("secrets", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "keys", namespace: "default" },
    });
    world.advance(500);
    expect(world.summary()).toEqual(["p Running ready"]);
  });

  test("readiness gates are honoured", () => {
    const world = runningPod({ readinessGates: [{ conditionType: "example.com/open" }] });
    expect(world.condition("p", "ContainersReady")?.status).toBe("True");
    expect(world.condition("p", "Ready")).toMatchObject({ status: "False", reason: "ReadinessGatesNotReady" });
    const current = world.pod("p");
    const conditions = [...(current.status?.conditions ?? []), { type: "example.com/open", status: "True" }];
    world.store.update("pods", { ...current, status: { ...current.status, conditions } }, { subresource: "status" });
    world.advance(0);
    expect(world.condition("p", "Ready")?.status).toBe("True");
  });
});

describe("failures on request", () => {
  test("crash: one exit with that code, one restart in place, and the annotation is gone", () => {
    const world = runningPod();
    const before = world.container("p");
    world.annotate("p", { crash: "137" });
    world.advance(0);
    expect(world.container("p").state?.terminated).toMatchObject({
      exitCode: 137,
      reason: "OOMKilled",
      containerID: before.containerID,
    });
    expect(world.condition("p", "Ready")?.status).toBe("False");
    expect(world.pod("p").metadata.annotations ?? {}).toEqual({});
    world.advance(300);
    const after = world.container("p");
    expect(after).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 137 } } });
    expect(after.containerID).not.toBe(before.containerID);
  });

  test("crash-container limits the crash, restart-delay says how long it takes", () => {
    const containers = [
      { name: "engine", image: "engine:1" },
      { name: "proxy", image: "proxy:1" },
    ];
    const world = runningPod({ containers }, { "restart-delay": "5s" });
    world.annotate("p", { crash: "1", "crash-container": "proxy" });
    world.advance(4000);
    expect(world.container("p", 0).state?.running).toBeDefined();
    expect(world.container("p", 1).state?.terminated).toMatchObject({ exitCode: 1, reason: "Error" });
    world.advance(1500);
    expect([world.container("p", 0).restartCount, world.container("p", 1).restartCount]).toEqual([0, 1]);
  });

  test("crash-loop: exits after each start and backs off, until it is removed", () => {
    const world = runningPod({}, { "crash-loop": "400ms", "ready-delay": "1s" });
    expect(world.container("p")).toMatchObject({
      ready: false,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 1 } },
    });
    expect(world.events("p").at(-1)).toMatch(
      /^BackOff: Back-off restarting failed container engine in pod p_default\(/u,
    );
    world.advance(30_000);
    expect(world.container("p").restartCount).toBeGreaterThanOrEqual(2);
    world.annotate("p", { "crash-loop": null });
    world.advance(15_000);
    expect(world.summary()).toEqual(["p Running ready"]);
  });

  test("fail: the pod is Failed with that reason and message", () => {
    const world = runningPod();
    world.annotate("p", { fail: "Evicted", "fail-message": "low on memory" });
    world.advance(0);
    expect(world.pod("p").status).toMatchObject({ phase: "Failed", reason: "Evicted", message: "low on memory" });
    expect(world.condition("p", "DisruptionTarget")).toMatchObject({ reason: "TerminationByKubelet" });
    expect(world.container("p").state?.terminated?.exitCode).toBe(137);
  });

  test("start-delay and ready-delay set the times of a start", () => {
    const world = createWorld();
    world.store.create("pods", pod("p", {}, annotated({ "start-delay": "2s", "ready-delay": "3s" })));
    world.advance(1900);
    expect(world.summary()).toEqual(["p Pending"]);
    world.advance(200);
    expect(world.summary()).toEqual(["p Running"]);
    world.advance(2800);
    expect(world.summary()).toEqual(["p Running"]);
    world.advance(200);
    expect(world.summary()).toEqual(["p Running ready"]);
  });

  test("ready: false takes readiness away as long as it is there", () => {
    const world = runningPod();
    world.annotate("p", { ready: "false" });
    world.advance(0);
    expect(world.condition("p", "Ready")).toMatchObject({
      status: "False",
      reason: "ContainersNotReady",
      message: "containers with unready status: [engine]",
    });
    expect(world.container("p")).toMatchObject({ ready: false, restartCount: 0 });
    world.annotate("p", { ready: null });
    world.advance(0);
    expect(world.summary()).toEqual(["p Running ready"]);
  });

  test("waiting: stays Pending with that reason until it is removed", () => {
    const world = runningPod({}, { waiting: "ImagePullBackOff" });
    expect(world.summary()).toEqual(["p Pending"]);
    expect(world.container("p").state?.waiting).toEqual({
      reason: "ImagePullBackOff",
      message: "ImagePullBackOff: engine:1",
    });
    world.annotate("p", { waiting: null });
    world.advance(500);
    expect(world.summary()).toEqual(["p Running ready"]);
  });

  test("stop-delay: how long a deleted pod takes to end, also beyond its grace period", () => {
    const world = runningPod({ terminationGracePeriodSeconds: 1 }, { "stop-delay": "5s" });
    world.store.delete("pods", "default", "p");
    world.advance(4800);
    expect(world.summary()).toEqual(["p Running ready terminating"]);
    world.advance(400);
    expect(world.summary()).toEqual([]);
    expect(world.events("p")).toContain("Killing: Stopping container engine");
  });

  test("complete-after: pods that are meant to end succeed after that long", () => {
    const world = createWorld();
    world.store.create("pods", pod("p", { restartPolicy: "Never" }, annotated({ "complete-after": "5s" })));
    world.advance(5000);
    expect(world.summary()).toEqual(["p Running ready"]);
    world.advance(500);
    expect(world.summary()).toEqual(["p Succeeded"]);
  });

  test("a crash of a pod that is never restarted makes it Failed", () => {
    const world = createWorld();
    world.store.create("pods", pod("p", { restartPolicy: "Never" }, annotated({ "complete-after": "1h" })));
    world.advance(1000);
    world.annotate("p", { crash: "3" });
    world.advance(0);
    expect(world.summary()).toEqual(["p Failed"]);
  });
});

test("a changed image restarts that container in place", () => {
  const world = runningPod();
  const { uid } = world.pod("p").metadata;
  world.store.patch("pods", "default", "p", { spec: { containers: [{ name: "engine", image: "engine:2" }] } });
  world.advance(0);
  expect(world.container("p").state?.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
  world.advance(500);
  expect(world.container("p")).toMatchObject({ image: "engine:2", restartCount: 1, ready: true });
  expect(world.pod("p").metadata.uid).toBe(uid);
});

test("a status that somebody else writes is not fought", () => {
  const world = runningPod();
  const current = world.pod("p");
  const conditions = current.status?.conditions?.map((condition) =>
    condition.type === "Ready" ? { ...condition, status: "False", reason: "ByHand" } : condition,
  );
  world.store.update("pods", { ...current, status: { ...current.status, conditions } }, { subresource: "status" });
  world.advance(60_000);
  expect(world.condition("p", "Ready")).toMatchObject({ status: "False", reason: "ByHand" });
});

describe("a restart of the sandbox", () => {
  test("restarts no running container and repeats nothing", () => {
    const world = runningPod();
    const before = world.store.version();
    const { containerID } = world.container("p");
    world.stop();
    world.advance(3_600_000);
    world.start();
    world.advance(60_000);
    expect(world.container("p")).toMatchObject({ containerID, restartCount: 0 });
    // The hour that passed may end events; nothing else is written.
    const written = world.store.eventsSince(before)?.filter(({ resource }) => resource !== "events");
    expect(written).toEqual([]);
  });

  test("goes on with a start, a restart and an end that were under way", () => {
    const world = createWorld();
    world.store.create("pods", pod("starting", {}, annotated({ "ready-delay": "10s" })));
    world.store.create("pods", pod("restarting", {}, annotated({ "restart-delay": "10s" })));
    world.store.create("pods", pod("ending", {}, annotated({ "stop-delay": "10s" })));
    world.advance(2000);
    world.annotate("restarting", { crash: "1" });
    world.store.delete("pods", "default", "ending");
    world.advance(2000);
    world.stop();
    world.start();
    world.advance(4000);
    expect(world.summary()).toEqual(["ending Running ready terminating", "restarting Running", "starting Running"]);
    world.advance(6000);
    expect(world.summary()).toEqual(["restarting Running ready", "starting Running ready"]);
  });

  test("leaves no timer behind", () => {
    const world = runningPod({}, { "crash-loop": "400ms" });
    world.stop();
    expect(world.clock.nextDueMs()).toBeUndefined();
  });
});

test("the same seed gives the same run", () => {
  const run = () => {
    const world = createWorld({ timing: "demo" });
    world.store.create(
      "statefulsets.apps",
      workload("StatefulSet", "web", { replicas: 5, podManagementPolicy: "Parallel" }),
    );
    world.advance(20_000);
    return JSON.stringify(world.pods());
  };
  expect(run()).toBe(run());
});
