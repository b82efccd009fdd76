/* oxlint-disable unicorn/no-thenable -- `now` and `then` of a preview are words, and nothing awaits them */
import { MINIMAL_EXAMPLE } from "@openpatio/core/spec";
import type { ApplyAnswer, PreviewView, TimelineItem, ValidateAnswer } from "@openpatio/core/view";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestServer, RefusedCall, type TestServer } from "../testing/index.ts";

let server: TestServer;
beforeAll(async () => {
  server = await createTestServer();
});
afterAll(() => server.close());

const named = (name: string) => MINIMAL_EXAMPLE.replace("name: demo-group", `name: ${name}`);
const apply = (name: string, yaml = named(name)) =>
  server.call<ApplyAnswer>("sets.apply", { yaml, cluster: "sandbox-racks" });
const ready = (name: string, groups = 2) =>
  server.until(
    `${name} to be ready`,
    () => server.set(name),
    ({ detail, groups: all }) =>
      detail.phase === "Ready" &&
      !detail.rollout.isActive &&
      all.length === groups &&
      all.every((g) => g.phase === "Ready"),
  );
const podsIn = (name: string) =>
  server.cluster().api.list("pods", { namespace: "default", labels: { "openpatio.io/set": name } });
async function refusal(call: Promise<unknown>): Promise<RefusedCall> {
  const outcome = await call.then(
    () => null,
    (error: unknown) => error,
  );
  if (outcome instanceof RefusedCall) return outcome;
  throw new Error(`expected a refusal, got ${String(outcome)}`);
}

describe("a set", () => {
  test("is started by an apply, and its groups become ready", async () => {
    expect(await apply("starts")).toMatchObject({ isNew: true, generation: 1, revision: 1 });
    const { groups, pods } = await ready("starts");
    expect(groups.map((group) => group.incarnation)).toEqual([1, 1]);
    expect(pods.filter((pod) => pod.state === "ready")).toHaveLength(8);
    expect(podsIn("starts")).toHaveLength(8);
  });

  test("keeps every pod that stays when groups and a role are scaled, and the comments of its text", async () => {
    await apply("scales");
    await ready("scales");
    const before = podsIn("scales").map((pod) => pod.metadata.uid);
    await server.call("sets.scale", { name: "scales", replicas: 3 });
    await server.call("sets.scale", { name: "scales", role: "decode", replicas: 3 });
    await server.until(
      "15 ready pods",
      () => server.set("scales"),
      ({ pods }) => pods.length === 15 && pods.every((pod) => pod.state === "ready"),
    );
    const after = podsIn("scales").map((pod) => pod.metadata.uid);
    expect(after).toEqual(expect.arrayContaining(before));
    const { yaml } = await server.set("scales");
    expect(yaml).toMatch(/replicas: 3 +# two identical groups/);
  });

  test("is rolled out group by group, and rolled back with its text", async () => {
    await apply("rolls");
    await ready("rolls");
    const { yaml } = await server.set("rolls");
    await apply("rolls", yaml.replaceAll(/(image: \S+?):\S+/g, "$1:next"));
    const rolled = await ready("rolls");
    expect(rolled.groups.map((group) => group.revision)).toEqual([2, 2]);
    await server.call("rollouts.rollback", { name: "rolls", revision: 1 });
    const back = await ready("rolls");
    expect(back.detail.revisions.map((revision) => revision.summary)).toEqual([
      "first revision",
      expect.stringContaining("image of"),
      "back to revision 1",
    ]);
    expect(back.yaml).toBe(yaml);
    expect((await refusal(server.call("rollouts.rollback", { name: "rolls", revision: 1 }))).data.reason).toBe(
      "rollout.nothing-to-do",
    );
  });

  test("recreates exactly the group of a failed container, with the cause in the timeline", async () => {
    await apply("heals");
    await ready("heals");
    await server.call("sandbox.failContainer", { cluster: "sandbox-racks", pod: "heals-1-decode-0", exitCode: 137 });
    await server.until(
      "incarnation 2",
      () => server.set("heals"),
      ({ groups }) => groups[1]?.incarnation === 2,
    );
    const { groups } = await ready("heals");
    expect(groups.map((group) => group.incarnation)).toEqual([1, 2]);
    expect(groups[1]?.cause?.logTail?.length).toBeGreaterThan(0);
    expect(groups[1]?.history[0]?.cause.logTail).toBeUndefined();
    const timeline = await server.call<TimelineItem[]>("sets.timeline", { name: "heals" });
    const failures = timeline.filter((item) => item.kind === "group.failed");
    expect(failures).toEqual([expect.objectContaining({ group: 1, cause: expect.stringContaining("exited 137") })]);
  });

  test("goes on after a restart of the server and doubles nothing", async () => {
    await apply("restarts");
    await server.restart();
    const { groups } = await ready("restarts");
    expect(groups.map((group) => group.incarnation)).toEqual([1, 1]);
    expect(podsIn("restarts")).toHaveLength(8);
  });

  test("is gone with everything that it had when it is deleted", async () => {
    await apply("ends");
    await ready("ends");
    expect(await server.call("sets.delete", { name: "ends" })).toMatchObject({ isDeleting: true });
    await server.until(
      "the set to be gone",
      () => server.call<{ name: string }[]>("sets.list"),
      (rows) => !rows.some((row) => row.name === "ends"),
    );
    const labels = { "openpatio.io/set": "ends" };
    for (const kind of ["rolebasedgroups.openpatio.io", "statefulsets.apps", "services", "configmaps", "pods"]) {
      expect(server.cluster().api.list(kind, { namespace: "default", labels }), kind).toEqual([]);
    }
  });
});

describe("an apply whose cluster takes its time to answer", () => {
  const changed = (name: string) =>
    named(name)
      .replace(/^ {2}replicas: 2.*\n/m, "")
      .replace(/image: \S+/, "image: other:2");
  /** Scales the set to 4 while its cluster is being asked about a changed definition without replicas. */
  async function race(name: string, ifGeneration?: number): Promise<unknown> {
    await apply(name);
    const { sets } = server.app.services;
    server.cluster().slow(1_000);
    try {
      const applied = sets.apply("operator", { yaml: changed(name), cluster: "sandbox-racks", ifGeneration });
      const outcome = applied.catch((error: unknown) => error);
      await sets.scale("operator", { namespace: "default", name, replicas: 4 });
      return await outcome;
    } finally {
      server.cluster().slow(0);
    }
  }

  test("keeps what was scaled meanwhile, where its text does not say how many", async () => {
    expect(await race("raced")).toMatchObject({ isChanged: true, generation: 3, revision: 2 });
    const set = await server.set("raced");
    expect(set.status.replicas).toBe(4);
    expect(set.yaml).toMatch(/^ {2}replicas: 4$/m);
    expect(set.yaml).toContain("image: other:2");
    await server.call("sets.delete", { name: "raced" });
  });

  test("is a conflict when it named the generation that it began at", async () => {
    expect(await race("raced-named", 1)).toMatchObject({ code: "set.version-conflict" });
    expect((await server.set("raced-named")).status.replicas).toBe(4);
    await server.call("sets.delete", { name: "raced-named" });
  });
});

test("a definition whose names are as long as they may be is not refused for a longer one", async () => {
  // At index 9 its StatefulSets have the 52 characters that are possible.
  const name = "a".repeat(52 - "-9-prefill".length);
  const yaml = named(name)
    .replace(/replicas: 2( +# two)/, "replicas: 10$1")
    .replaceAll(/nvidia.com\/gpu: "1"/g, 'nvidia.com/gpu: "0"');
  await apply(name, yaml);
  await ready(name, 10);
  expect(await apply(name, yaml.replace(/image: \S+/, "image: other:2"))).toMatchObject({ revision: 2 });
  await server.call("sets.delete", { name });
});

describe("a refused definition", () => {
  test("answers 400 with every problem and its path, and stores nothing", async () => {
    const yaml = named("broken")
      .replace("dependencies: [prefill]", "dependencies: [prefil]")
      .replace("replicas:", "replica:");
    const { status, data } = await refusal(apply("broken", yaml));
    expect(status).toBe(400);
    expect(data.reason).toBe("spec.invalid");
    expect(data.problems.map((problem) => problem.path)).toEqual(
      expect.arrayContaining(["spec.replica", "spec.groupTemplate.roles[1].dependencies[0]"]),
    );
    expect((await refusal(server.set("broken"))).status).toBe(404);
    const validated = await server.call<ValidateAnswer>("sets.validate", { yaml });
    expect(validated.problems).toEqual(data.problems);
  });

  test("names the clusters there are when it names none of them", async () => {
    const { data } = await refusal(server.call("sets.apply", { yaml: named("lost"), cluster: "mars" }));
    expect(data.problems).toEqual([
      expect.objectContaining({
        path: "spec.placement.clusters.names",
        message: "There is no cluster mars. Registered: sandbox-racks.",
      }),
    ]);
  });

  test("shows what the cluster itself refuses at the path of the template", async () => {
    const yaml = named("refused").replaceAll(/image: .*/g, 'image: ""');
    const { status, data } = await refusal(apply("refused", yaml));
    expect(status).toBe(400);
    expect(data.problems[0]).toMatchObject({
      path: expect.stringMatching(/^spec\.groupTemplate\.roles\[\d\]\.template\.spec\.containers\[0\]\.image$/),
      code: "cluster",
    });
    expect((await refusal(server.set("refused"))).status).toBe(404);
  });

  test("names what its pods need and the cluster does not have, at each place", async () => {
    const { api } = server.cluster();
    api.create("secrets", { apiVersion: "v1", kind: "Secret", metadata: { name: "there", namespace: "default" } });
    const volumes = `          spec:
            priorityClassName: urgent
            volumes:
              - { name: a, secret: { secretName: there } }
              - { name: b, secret: { secretName: gone } }
              - { name: c, configMap: { name: maybe, optional: true } }
              - { name: d, persistentVolumeClaim: { claimName: models } }
`;
    const yaml = named("needy").replaceAll("          spec:\n", volumes);
    const { status, data } = await refusal(apply("needy", yaml));
    expect(status).toBe(400);
    const path = (role: number, rest: string) => `spec.groupTemplate.roles[${role}].template.spec.${rest}`;
    expect(data.problems.map((problem) => problem.path)).toEqual(
      ["priorityClassName", "volumes[1].secret.secretName", "volumes[3].persistentVolumeClaim.claimName"].flatMap(
        (rest) => [path(0, rest), path(1, rest)],
      ),
    );
    expect(data.problems[2]?.message).toBe(
      "Secret gone does not exist in namespace default of cluster sandbox-racks. Make it there first, or name another one.",
    );
    const preview = await server.call<PreviewView>("sets.preview", { yaml, cluster: "sandbox-racks" });
    expect(preview.canApply).toBe(false);
    expect((await refusal(server.set("needy"))).status).toBe(404);
  });

  test("says which namespace is missing and how to make it", async () => {
    const yaml = named("homeless").replace("namespace: default", "namespace: nowhere");
    const { data } = await refusal(apply("homeless", yaml));
    expect(data.problems).toEqual([
      {
        path: "metadata.namespace",
        code: "cluster",
        message: "Namespace nowhere does not exist in cluster sandbox-racks. Make it: kubectl create namespace nowhere",
      },
    ]);
  });

  test("is refused when it was edited from an older generation", async () => {
    await apply("edited");
    const call = server.call("sets.apply", { yaml: named("edited"), cluster: "sandbox-racks", ifGeneration: 7 });
    expect(await refusal(call)).toMatchObject({ status: 409, data: { reason: "set.version-conflict" } });
  });
});

describe("a preview", () => {
  test("says where groups go, in which waves and with which objects, and writes nothing", async () => {
    const preview = await server.call<PreviewView>("sets.preview", { yaml: named("seen"), cluster: "sandbox-racks" });
    expect(preview.groups.map((group) => group.then)).toEqual(["starts", "starts"]);
    expect(preview.groups[0]?.domain).toMatch(/^rack-/);
    expect(preview.waves.map((wave) => wave.roles.map((role) => role.role))).toEqual([["prefill"], ["decode"]]);
    expect(preview.objects.filter((object) => object.change === "create")).toHaveLength(14);
    expect(preview.canApply).toBe(true);
    expect((await refusal(server.set("seen"))).status).toBe(404);
    expect(podsIn("seen")).toEqual([]);
  });

  test("names the closest rack and every shortage when a group fits nowhere", async () => {
    const yaml = named("huge")
      .replaceAll(/nvidia.com\/gpu: "?\d+"?/g, "nvidia.com/gpu: 8")
      .replaceAll(/replicas: \d+/g, "replicas: 4");
    const preview = await server.call<PreviewView>("sets.preview", { yaml, cluster: "sandbox-racks" });
    const [group] = preview.groups;
    expect(group).toMatchObject({ then: "unplaced", why: expect.stringContaining("Closest: rack-") });
    expect(group?.refusals).toHaveLength(6);
  });

  test("tells which groups restart and which only scale", async () => {
    await apply("foreseen");
    await ready("foreseen");
    const { yaml } = await server.set("foreseen");
    const scaled = await server.call<PreviewView>("sets.preview", {
      yaml: yaml.replace(/(role: decode\n\s+replicas): 2/, "$1: 3"),
    });
    expect(scaled.groups.map((group) => [group.then, group.podsNow, group.podsAfter])).toEqual([
      ["scales", 4, 5],
      ["scales", 4, 5],
    ]);
    const changed = await server.call<PreviewView>("sets.preview", {
      yaml: yaml.replace(/image: \S+/, "image: other:1"),
    });
    expect(changed.groups.map((group) => [group.then, group.podsStopped])).toEqual([
      ["restarts", 4],
      ["restarts", 4],
    ]);
    const tooLarge = await server.call<PreviewView>("sets.preview", {
      yaml: yaml.replaceAll(/nvidia.com\/gpu: "?\d+"?/g, "nvidia.com/gpu: 9"),
    });
    expect(tooLarge.groups.map((group) => [group.then, group.podsStopped])).toEqual([
      ["unplaced", 4],
      ["unplaced", 4],
    ]);
    expect(tooLarge.checks).toContainEqual(expect.objectContaining({ level: "warning", path: "spec.placement" }));
    expect(changed.objects.filter((object) => object.change === "recreate").map((object) => object.kind)).toContain(
      "StatefulSet",
    );
  });
});
