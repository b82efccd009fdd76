import { DomainError } from "@openpatio/core/errors";
import { expect, test } from "vitest";
import { ApiError } from "../src/kube/api-error.ts";
import { eventually, OtherClient, type World } from "./world.ts";

/** The `Status.reason` of each refusal, as the API server spells it: our decisions hang on these words. */
export function describeReasons(world: () => World): void {
  const refusal = async (request: Promise<unknown>): Promise<readonly [number, string]> => {
    const error = await request.catch((reason: unknown) => reason);
    if (!(error instanceof ApiError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
    return [error.status, error.reason];
  };
  const put = (path: string, body: unknown) =>
    world().others.send({ method: "PUT", query: { fieldManager: OtherClient.manager }, body }, path);

  test("AlreadyExists, Conflict, NotFound and Invalid", async () => {
    const w = world();
    const object = w.configMap(w.name("reasons"), { a: "1" });
    const path = w.others.path("v1", "ConfigMap", w.namespace, object.metadata.name);
    expect(await refusal(w.others.get(path))).toEqual([404, "NotFound"]);
    const made = await w.others.create(object);
    expect(await refusal(w.others.create(object))).toEqual([409, "AlreadyExists"]);
    await w.others.patch(path, { data: { a: "2" } });
    expect(await refusal(put(path, made))).toEqual([409, "Conflict"]);
    const { resourceVersion: _, ...metadata } = made.metadata;
    expect(await refusal(put(path, { ...made, metadata: { ...metadata, uid: "x" } }))).toEqual([409, "Conflict"]);
    expect(await refusal(w.others.patch(path, { data: { "not a key": "1" } }))).toEqual([422, "Invalid"]);
    const preconditions = { uid: "x" };
    expect(await refusal(w.others.remove(path, { apiVersion: "v1", kind: "DeleteOptions", preconditions }))).toEqual([
      409,
      "Conflict",
    ]);
    await w.others.remove(path);
    expect(await refusal(w.others.patch(path, { data: {} }))).toEqual([404, "NotFound"]);
    expect(await refusal(w.others.remove(path))).toEqual([404, "NotFound"]);
  });

  test("Forbidden: what admission does not let in", async () => {
    const w = world();
    const name = w.name("robot");
    const spec = { serviceAccountName: "no-such-account", containers: [{ name: "engine", image: "engine:1" }] };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: w.namespace }, spec };
    expect(await refusal(w.others.create(pod))).toEqual([403, "Forbidden"]);
  });

  test("Forbidden: a pod that is more than a quota allows, while one that is not counted comes in", async () => {
    const w = world();
    const name = w.name("quota");
    const resource = `${name}.example.com/dongle`;
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name, namespace: w.namespace } };
    await w.others.create({ ...quota, spec: { hard: { [`requests.${resource}`]: "1" } } });
    const resources = { requests: { [resource]: "2" }, limits: { [resource]: "2" } };
    const container = { name: "engine", image: "engine:1" };
    const spec = { containers: [{ ...container, resources }] };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: w.namespace }, spec };
    const pods = w.others.path("v1", "Pod", w.namespace);
    await eventually(async () => {
      // Admission may not know the quota in the first moment, and would let the pod in.
      const request = { method: "POST", body: pod, query: { dryRun: "All" } } as const;
      const error = await w.others.send(request, pods).catch((reason: unknown) => reason);
      return (
        error instanceof ApiError &&
        error.status === 403 &&
        error.message.includes(
          `pods "${name}" is forbidden: exceeded quota: ${name}, requested: requests.${resource}=2, used: requests.${resource}=0, limited: requests.${resource}=1`,
        )
      );
    });
    // What asks for nothing that is counted comes in.
    await w.others.create({ ...pod, spec: { containers: [container] } });
  });

  test("TooManyRequests: an eviction that a disruption budget refuses (the sandbox has none)", async ({ skip }) => {
    const w = world();
    if (w.target.isSimulated) skip();
    const set = w.name("protected");
    const view = w.cluster.observe();
    const node = view.nodes.find(({ name, isReady }) => isReady && view.podsOnNode(name).length === 0)?.name ?? "";
    await w.created(w.statefulSet(set, 1, { podSpec: { nodeSelector: { "kubernetes.io/hostname": node } } }));
    const budgets = w.others.path("policy/v1", "PodDisruptionBudget", w.namespace);
    await w.others.create({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: set, namespace: w.namespace },
      spec: { minAvailable: 1, selector: { matchLabels: w.selector(set) } },
    });
    await eventually(async () => {
      const { status } = (await w.others.get(`${budgets}/${set}`)) as { status?: { currentHealthy?: number } };
      return status?.currentHealthy === 1;
    });
    const name = `${set}-0-web-0`;
    const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: w.namespace } };
    const path = `${w.others.path("v1", "Pod", w.namespace, name)}/eviction`;
    expect(await refusal(w.others.send({ method: "POST", body, isTooManyFinal: true }, path))).toEqual([
      429,
      "TooManyRequests",
    ]);
    const error = await w.cluster.drainNode(node).catch((reason: unknown) => reason);
    await w.cluster.cordonNode(node, false);
    expect(error).toBeInstanceOf(DomainError);
    expect(error).toMatchObject({ code: "cluster.refused", params: { evicted: 0, blocked: 1 } });
  });
}
