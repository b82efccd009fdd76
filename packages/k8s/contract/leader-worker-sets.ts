import type { KubeObject } from "@openpatio/core/model";
import { expect, test } from "vitest";
import { LEADER_WORKER_SETS } from "../src/sim.ts";
import { eventually, type World } from "./world.ts";

/** The API that multi-node roles use where a cluster has it. The CRD is installed where it is not. */
export function describeLeaderWorkerSets(world: () => World): void {
  const definition = () => {
    const { apiVersion, kind, metadata } = LEADER_WORKER_SETS;
    return world().others.find(apiVersion, kind, undefined, metadata.name);
  };

  async function install(): Promise<void> {
    if ((await definition()) === null) await world().others.create(LEADER_WORKER_SETS);
    await eventually(async () => {
      const status = (await definition())?.["status"] as { conditions?: readonly { type: string; status: string }[] };
      return status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True") === true;
    });
  }

  const sample = (name: string, spec: Readonly<Record<string, unknown>> = {}, template = {}): KubeObject => ({
    apiVersion: "leaderworkerset.x-k8s.io/v1",
    kind: "LeaderWorkerSet",
    metadata: { name, namespace: world().namespace },
    spec: {
      leaderWorkerTemplate: {
        size: 2,
        workerTemplate: {
          spec: { containers: [{ name: "engine", image: "engine:1", ports: [{ containerPort: 8000 }] }] },
        },
        ...template,
      },
      ...spec,
    },
  });

  test("a LeaderWorkerSet gets the defaults of its schema, and is scaled by its subresource", async () => {
    await install();
    const w = world();
    const name = w.name("lws");
    const path = w.others.path("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", w.namespace, name);
    await eventually(async () => {
      try {
        await w.others.create(sample(name));
        return true;
      } catch (error) {
        // A definition that has just been accepted may take a moment to be served.
        return String(error);
      }
    });
    expect((await w.get(sample(name)))["spec"]).toMatchObject({
      replicas: 1,
      startupPolicy: "LeaderCreated",
      leaderWorkerTemplate: {
        size: 2,
        restartPolicy: "RecreateGroupOnPodRestart",
        workerTemplate: { spec: { containers: [{ ports: [{ containerPort: 8000, protocol: "TCP" }] }] } },
      },
    });
    await w.others.patch(`${path}/scale`, { spec: { replicas: 2 } });
    expect((await w.others.get(`${path}/scale`))["spec"]).toEqual({ replicas: 2 });
    expect(await w.get(sample(name))).toMatchObject({ spec: { replicas: 2 }, metadata: { generation: 2 } });
    await w.others.remove(path);
  });

  test("its schema refuses what is no policy, and names the field", async () => {
    await install();
    const w = world();
    const refused = w.others.create(sample(w.name("lws"), { startupPolicy: "Whenever" }));
    await expect(refused).rejects.toMatchObject({
      status: 422,
      reason: "Invalid",
      message: expect.stringContaining(
        'spec.startupPolicy: Unsupported value: "Whenever": supported values: "LeaderCreated", "LeaderReady"',
      ),
    });
  });

  test("its controller, where it runs, makes leaders with their workers, and takes them away again", async ({
    skip,
  }) => {
    await install();
    const w = world();
    if (!w.target.isSimulated) skip("this control plane has the API of LeaderWorkerSet, but not its controller");
    const name = w.name("lws");
    await w.others.create(sample(name, { replicas: 2 }));
    const pods = async () => (await w.others.list(`/api/v1/namespaces/${w.namespace}/pods`)).map(nameOf);
    await eventually(async () => {
      const { status } = (await w.get(sample(name))) as { status?: { readyReplicas?: number } };
      return status?.readyReplicas === 2;
    });
    const wanted = [`${name}-0`, `${name}-0-1`, `${name}-1`, `${name}-1-1`];
    expect((await pods()).filter((one) => one.startsWith(`${name}-`))).toEqual(wanted);
    await w.others.remove(w.others.path("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", w.namespace, name));
    await eventually(async () => (await pods()).every((one) => !one.startsWith(`${name}-`)));
  });
}

const nameOf = ({ metadata }: KubeObject): string => metadata.name;
