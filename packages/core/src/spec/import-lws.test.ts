import { expect, test } from "vitest";
import llamacpp from "./fixtures/leaderworkerset--llamacpp.yaml?raw";
import sglang from "./fixtures/leaderworkerset--sglang.yaml?raw";
import vllm from "./fixtures/leaderworkerset--vllm-claims.yaml?raw";
import { type ImportResult, importManifests, parseSetYaml, type SetSpec } from "./index.ts";

function read(text: string): { readonly spec: SetSpec; readonly result: ImportResult } {
  const result = importManifests(text);
  const parsed = parseSetYaml(result.sets[0]?.yaml ?? "");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { spec: parsed.spec, result };
}

const notes = ({ sets }: ImportResult, action: string): string[] =>
  (sets[0]?.report ?? []).filter((note) => note.action === action).map(({ path }) => path);

const container = (template: unknown) =>
  (template as SetSpec["groupTemplate"]["roles"][number]["template"]).spec.containers[0];

test("each leader with its workers becomes a group, with rollout and topology as they were", () => {
  const { spec } = read(sglang);
  expect(spec.replicas).toBe(2);
  expect(spec.groupTemplate.roles).toMatchObject([
    {
      role: "lws",
      replicas: 1,
      workload: { kind: "LeaderWorkerSet" },
      leaderWorker: { size: 2, workerTemplate: { metadata: { labels: { part: "worker" } } } },
      template: { metadata: { labels: { part: "leader" } } },
    },
  ]);
  expect(spec.rollout).toMatchObject({ strategy: "GroupRolling", partition: 1, maxUnavailable: 2, maxSurge: "50%" });
  expect(spec.recovery.policy).toBe("RecreateGroup");
  expect(spec.placement.topology).toEqual({ key: "kubernetes.io/hostname", mode: "Required", exclusive: "Set" });
});

test("its variables have our names wherever scripts use them, each change listed", () => {
  const { spec, result } = read(sglang);
  const [role] = spec.groupTemplate.roles;
  expect(container(role?.template)?.["args"]).toEqual([
    "--model-path=Qwen/Qwen3-32B",
    "--tp=2",
    "--dist-init-addr=$(RBG_LWP_LEADER_ADDRESS):20000",
    "--nnodes=$(RBG_LWP_GROUP_SIZE)",
    "--node-rank=$(RBG_LWP_WORKER_INDEX)",
    "--port=30000",
  ]);
  const worker = container(role?.leaderWorker?.workerTemplate);
  expect(JSON.stringify(worker?.["args"])).not.toContain("LWS_");
  expect(worker?.["env"]).toEqual([
    { name: "SHARD", value: "$(RBG_LWP_WORKER_INDEX)" },
    { name: "SHARDS", value: "$(RBG_LWP_GROUP_SIZE)" },
  ]);
  const leader = "spec.leaderWorkerTemplate.leaderTemplate.spec.containers[0]";
  const workers = "spec.leaderWorkerTemplate.workerTemplate.spec.containers[0]";
  expect(notes(result, "rewritten").sort()).toEqual([
    `${leader}.args[2]`,
    `${leader}.args[3]`,
    `${leader}.args[4]`,
    `${workers}.args[0]`,
    `${workers}.env[0].valueFrom`,
    `${workers}.env[1].valueFrom`,
  ]);
});

test("a Service and an autoscaler in the same file are given for applying with their references changed", () => {
  const { result } = read(sglang);
  expect(result.skipped).toMatchObject([
    { index: 1, kind: "Service", reason: expect.stringContaining("openpatio.io/set=qwen, part=leader") as unknown },
    { index: 2, kind: "HorizontalPodAutoscaler" },
  ]);
  expect(result.skipped[0]?.yaml).toContain("openpatio.io/set: qwen");
  expect(result.skipped[0]?.yaml).not.toContain("leaderworkerset");
  expect(result.skipped[1]?.yaml).toContain("kind: RoleBasedGroupSet");
});

test("with claims it runs as StatefulSets, whose pods have other names", () => {
  const { spec, result } = read(vllm);
  const [role] = spec.groupTemplate.roles;
  expect(role).toMatchObject({
    workload: { kind: "StatefulSet" },
    volumeClaimTemplates: [{ metadata: { name: "cache" } }],
    leaderWorker: { size: 3 },
  });
  expect(container(role?.template)?.["env"]).toEqual([
    {
      name: "PEERS",
      value: "llama-0-lws-0-w-1.s-llama-0-lws:6379,llama-0-lws-0-w-2.s-llama-0-lws.default.svc:6379",
    },
  ]);
  expect(spec.recovery.policy).toBe("None");
  const template = "spec.leaderWorkerTemplate";
  expect(notes(result, "not supported").sort()).toEqual([
    `${template}.persistentVolumeClaimRetentionPolicy.whenDeleted`,
    `${template}.subGroupPolicy`,
    `${template}.workerTemplate.spec.containers[0].env[0].valueFrom.fieldRef.fieldPath`,
    "spec.startupPolicy",
  ]);
});

test("without a template of its own the leader has the workers', and a variable of the user's own keeps its name", () => {
  const { spec } = read(llamacpp);
  const [role] = spec.groupTemplate.roles;
  expect(spec.replicas).toBe(1);
  expect(role?.leaderWorker).toEqual({ size: 5 });
  expect(container(role?.template)?.["env"]).toEqual([
    { name: "LWS_GROUP_SIZE", value: "5" },
    { name: "OF", value: "$(LWS_GROUP_SIZE) at $(RBG_LWP_LEADER_ADDRESS)" },
  ]);
});

test("an address of another group is rewritten too, and only whole names are", () => {
  const rewrite = (text: string): unknown =>
    container(
      read(llamacpp.replace('["--host"', `[${text}, "--host"`).replace("[--host", `[${text}, --host`)).spec
        .groupTemplate.roles[0]?.template,
    )?.["args"];
  expect(rewrite("llamacpp-3.llamacpp.ns.svc")).toContain("llamacpp-3-lws-0.llamacpp-3-lws.ns.svc");
  expect(rewrite("llamacpp-3-2.llamacpp-3")).toContain("llamacpp-3-lws-0-2.llamacpp-3-lws");
  expect(rewrite("my-llamacpp-3.llamacpp")).toContain("my-llamacpp-3.llamacpp");
  expect(rewrite("llamacpp-3.llamacpp-4")).toContain("llamacpp-3.llamacpp-4");
});
