import type { KubeObject } from "@openpatio/core/model";
import { leaseObject, type OwnerLease } from "@openpatio/core/ownership";
import { expect, test } from "vitest";
import { OtherClient, type World } from "./world.ts";

const MERGE = "application/merge-patch+json";

/** What the server writes beside sets: its lease and its events; and how it asks whether something is there. */
export function describeCoordination(world: () => World): void {
  const send = (method: "POST" | "PUT" | "PATCH", path: string, body: unknown) =>
    world().others.send(
      {
        method,
        query: { fieldManager: OtherClient.manager },
        body,
        ...(method === "PATCH" ? { contentType: MERGE } : {}),
      },
      path,
    ) as Promise<unknown> as Promise<KubeObject>;
  const leases = () => `/apis/coordination.k8s.io/v1/namespaces/${world().namespace}/leases`;
  const lease = (name: string, holderIdentity: string, resourceVersion?: string): KubeObject => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace: world().namespace, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec: { holderIdentity, leaseDurationSeconds: 60, renewTime: "2026-01-01T00:00:00.000000Z", leaseTransitions: 0 },
  });

  test("a lease is made by one and renewed only by who has read its latest version", async () => {
    const name = world().name("lease");
    const made = await send("POST", leases(), lease(name, "a"));
    expect(made["spec"]).toMatchObject({ holderIdentity: "a", renewTime: "2026-01-01T00:00:00.000000Z" });
    await expect(send("POST", leases(), lease(name, "b"))).rejects.toMatchObject({
      status: 409,
      reason: "AlreadyExists",
    });
    const { resourceVersion } = made.metadata;
    const renewed = await send("PUT", `${leases()}/${name}`, lease(name, "a2", resourceVersion));
    expect(renewed.metadata.resourceVersion).not.toBe(resourceVersion);
    for (const [method, body] of [
      ["PUT", lease(name, "b", resourceVersion)],
      ["PATCH", { metadata: { resourceVersion }, spec: { holderIdentity: "b" } }],
    ] as const) {
      await expect(send(method, `${leases()}/${name}`, body)).rejects.toMatchObject({
        status: 409,
        reason: "Conflict",
      });
    }
    const { resourceVersion: latest } = renewed.metadata;
    const taken = await send("PATCH", `${leases()}/${name}`, {
      metadata: { resourceVersion: latest },
      spec: { holderIdentity: "b", leaseTransitions: 1 },
    });
    expect(taken["spec"]).toMatchObject({ holderIdentity: "b", leaseTransitions: 1, leaseDurationSeconds: 60 });
  });

  test("the Lease of a control plane is found by its name, renewed over what was read, and removed only as it was", async () => {
    const w = world();
    const elsewhere = w.name("nowhere");
    const { leases: port } = w.open({});
    const object = (before: OwnerLease | null, namespace = w.namespace) =>
      leaseObject({
        namespace,
        controlPlane: "11111111-1111-4111-8111-111111111111",
        host: "contract",
        nonce: before === null ? "first" : "second",
        at: new Date().toISOString(),
        durationMs: 60_000,
        before,
      });
    expect(await port.read(w.namespace)).toBeNull();
    expect(await port.create(object(null, elsewhere))).toBe(false);
    expect(await port.create(object(null))).toBe(true);
    await expect(port.create(object(null))).rejects.toMatchObject({ code: "cluster.conflict" });
    const made = await port.read(w.namespace);
    if (made === null) throw new Error("it was made");
    expect(made).toMatchObject({ nonce: "first", holderName: "contract (11111111)", transitions: 0 });
    expect(await port.list()).toContainEqual(made);
    await port.replace(object(made));
    await expect(port.replace(object(made))).rejects.toMatchObject({ code: "cluster.conflict" });
    await port.delete(made);
    const renewed = await port.read(w.namespace);
    expect(renewed).toMatchObject({ nonce: "second", acquireTime: made.acquireTime });
    if (renewed !== null) await port.delete(renewed);
    expect(await port.read(w.namespace)).toBeNull();
  });

  test("an event is made once and counted up, and is found by the object that it is about", async () => {
    const w = world();
    const name = w.name("told");
    const path = `/api/v1/namespaces/${w.namespace}/events`;
    const at = "2026-01-01T00:00:00Z";
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.1`, namespace: w.namespace },
      involvedObject: { apiVersion: "openpatio.io/v1alpha1", kind: "RoleBasedGroupSet", name, namespace: w.namespace },
      type: "Warning",
      reason: "GroupFailed",
      message: "decode-0 exited 137",
      source: { component: "openpatio" },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
    await send("POST", path, event);
    await expect(send("POST", path, event)).rejects.toMatchObject({ status: 409, reason: "AlreadyExists" });
    await send("PATCH", `${path}/${name}.1`, { count: 2, lastTimestamp: "2026-01-01T00:01:00Z" });
    expect(await w.cluster.events(w.namespace, name)).toEqual([
      {
        type: "Warning",
        reason: "GroupFailed",
        message: "decode-0 exited 137",
        object: `RoleBasedGroupSet/${name}`,
        count: 2,
        firstAtMs: Date.parse(at),
        lastAtMs: Date.parse("2026-01-01T00:01:00Z"),
      },
    ]);
    await expect(
      send("POST", path, {
        ...event,
        metadata: { name: `${name}.2`, namespace: w.namespace },
        involvedObject: { ...event.involvedObject, namespace: "default" },
      }),
    ).rejects.toMatchObject({ status: 422, reason: "Invalid" });
  });

  test("what pods refer to is there or not, and nothing of a Secret but its name comes over the wire", async () => {
    const w = world();
    const name = w.name("referred");
    const kinds = [
      ["v1", "Secret", "secrets", { stringData: { token: "hidden" } }],
      ["v1", "ServiceAccount", "serviceaccounts", {}],
      ["scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", { value: 10 }],
      ["node.k8s.io/v1", "RuntimeClass", "runtimeclasses", { handler: "runc" }],
    ] as const;
    for (const [apiVersion, kind, plural, rest] of kinds) {
      const isWide = kind.endsWith("Class");
      const scope = isWide ? "" : `/namespaces/${w.namespace}`;
      const path = `${apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`}${scope}/${plural}`;
      // Wide ones outlive the namespace of this run.
      const own = isWide ? `${w.namespace}-${name}` : name;
      const exists = () => w.cluster.exists(apiVersion, kind, w.namespace, own);
      expect([kind, await exists()]).toEqual([kind, false]);
      await send("POST", path, {
        apiVersion,
        kind,
        metadata: { name: own, ...(isWide ? {} : { namespace: w.namespace }) },
        ...rest,
      });
      expect([kind, await exists()]).toEqual([kind, true]);
      const accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
      const shown = await w.others.send({ method: "GET", accept }, `${path}/${own}`);
      expect(Object.keys(shown).sort()).toEqual(["apiVersion", "kind", "metadata"]);
      expect(shown).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: own } });
      await w.others.remove(`${path}/${own}`);
      expect([kind, await exists()]).toEqual([kind, false]);
    }
  });
}
