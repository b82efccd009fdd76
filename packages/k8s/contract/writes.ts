import { DomainError } from "@openpatio/core/errors";
import { ANNOTATION, LABEL, MANAGER } from "@openpatio/core/model";
import { dataHash } from "@openpatio/core/project";
import { expect, test } from "vitest";
import { eventually, OtherClient, type World } from "./world.ts";

const OTHER_LIFE = "11111111-2222-4333-8444-555555555555";

/** What every target promises about writes; see semantics, "Writing to a cluster, safely". */
export function describeWrites(world: () => World): void {
  test("creates an object once; the same request again is success and changes nothing", async () => {
    const w = world();
    const object = w.configMap(w.name("twice"), { a: "1" });
    await w.cluster.create(object);
    const first = await w.get(object);
    await w.cluster.create(object);
    expect((await w.get(object)).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test("refuses to take over an object of the same name, and names it", async () => {
    const w = world();
    const object = w.configMap(w.name("taken"), { a: "1" });
    await w.others.create({
      ...object,
      metadata: { name: object.metadata.name, namespace: w.namespace },
      data: { b: "2" },
    });
    await expect(w.cluster.create(object)).rejects.toMatchObject({
      code: "cluster.name-conflict",
      params: { kind: "ConfigMap", name: object.metadata.name },
      message: expect.stringContaining(`ConfigMap ${w.namespace}/${object.metadata.name} exists`),
    });
    expect((await w.get(object))["data"]).toEqual({ b: "2" });
  });

  test("a RoleBasedGroup of another set id belongs to another OpenPatio, and is said to", async () => {
    const w = world();
    const group = w.group(w.name("cloned"));
    const ofSet = (id: string) => ({
      ...group,
      metadata: { ...group.metadata, annotations: { [ANNOTATION.setId]: id } },
    });
    await w.cluster.create(ofSet("one"));
    await w.cluster.create(ofSet("one"));
    await expect(w.cluster.create(ofSet("two"))).rejects.toMatchObject({
      code: "cluster.name-conflict",
      params: { kind: "RoleBasedGroup", name: group.metadata.name },
      message: expect.stringContaining("belongs to another OpenPatio (or to an earlier database)"),
    });
    expect((await w.get(group)).metadata.annotations).toEqual({ [ANNOTATION.setId]: "one" });
  });

  test("what a ConfigMap or Service says compares equal to what was sent, until somebody changes it", async () => {
    const w = world();
    const set = w.name("tampered");
    const [config, service] = [w.configMap(set, { a: "1" }), w.service(set, [{ name: "http", port: 8000 }])];
    const shown = () => [...w.set(set).configMaps, ...w.set(set).services].map((one) => [one.dataHash, one.changedBy]);
    const [configRef, serviceRef] = [await w.created(config), await w.created(service)];
    const untouched = [
      [dataHash(config), null],
      [dataHash(service), null],
    ];
    expect(shown()).toEqual(untouched);
    await w.others.patch(w.others.path("v1", "ConfigMap", w.namespace, configRef.name), { data: { b: "2" } });
    await w.others.patch(w.others.path("v1", "Service", w.namespace, serviceRef.name), {
      spec: { selector: { "example.com/other": "x" } },
    });
    await eventually(() => shown().every(([hash], i) => hash !== untouched[i]?.[0]));
    expect(shown().map(([, manager]) => manager)).toEqual([OtherClient.manager, OtherClient.manager]);
    await w.cluster.update(configRef, config);
    await w.cluster.update(serviceRef, service);
    expect(shown().map(([hash]) => hash)).toEqual([dataHash(config), dataHash(service)]);
  });

  test("does not count a workload of an earlier incarnation as created", async () => {
    const w = world();
    const set = w.name("lives");
    await w.cluster.create(w.statefulSet(set, 0));
    await expect(w.cluster.create(w.statefulSet(set, 0, { incarnation: 2 }))).rejects.toMatchObject({
      code: "cluster.conflict",
      retry: "backoff",
    });
  });

  test("shows what was written before the watch does", async () => {
    const w = world();
    const set = w.name("own");
    const sts = w.statefulSet(set, 1);
    const ref = await w.created(sts);
    expect(w.set(set).workloads.map((one) => [one.uid, one.replicas])).toEqual([[ref.uid, 1]]);
    await w.cluster.scale(ref, 3);
    expect(w.set(set).workloads[0]?.replicas).toBe(3);
    expect(w.set(set).workloads[0]?.observedGeneration).toBeLessThan(w.set(set).workloads[0]?.generation ?? 0);
    await w.cluster.delete(ref, "Background");
    expect(w.set(set).workloads).toEqual([]);
  });

  test("an update removes the keys that were dropped and keeps those of others", async () => {
    const w = world();
    const set = w.name("dropped");
    const before = w.configMap(set, { a: "1", b: "2" });
    const labelled = {
      ...before,
      metadata: { ...before.metadata, labels: { ...before.metadata.labels, "example.com/ours": "x" } },
    };
    const ref = await w.created(labelled);
    const path = w.others.path("v1", "ConfigMap", w.namespace, ref.name);
    await w.others.patch(path, {
      metadata: { labels: { "example.com/theirs": "y" }, annotations: { "example.com/note": "z" } },
    });
    await w.cluster.update(ref, w.configMap(set, { b: "3" }));
    const after = await w.get(before);
    expect(after["data"]).toEqual({ b: "3" });
    expect(after.metadata.labels).toEqual({
      [LABEL.set]: set,
      [LABEL.groupIndex]: "0",
      [LABEL.managedBy]: MANAGER,
      "example.com/theirs": "y",
    });
    expect(after.metadata.annotations).toMatchObject({ "example.com/note": "z" });
  });

  test("an update of a Service replaces its ports and keeps what the server filled in", async () => {
    const w = world();
    const set = w.name("ports");
    const ref = await w.created(
      w.service(set, [
        { name: "http", port: 8000 },
        { name: "metrics", port: 9000 },
      ]),
    );
    await w.cluster.update(ref, w.service(set, [{ name: "grpc", port: 8001 }]));
    const after = (await w.get(w.service(set, [])))["spec"] as Record<string, unknown>;
    expect(after["ports"]).toEqual([{ name: "grpc", port: 8001, protocol: "TCP", targetPort: 8001 }]);
    expect(after).toMatchObject({ clusterIP: "None", publishNotReadyAddresses: true, type: "ClusterIP" });
  });

  test("an update that changes nothing writes nothing", async () => {
    const w = world();
    const service = w.service(w.name("same"), [{ name: "http", port: 8000 }]);
    const ref = await w.created(service);
    const before = await w.get(service);
    const writes = w.cluster.info().apiWrites;
    await w.cluster.update(ref, service);
    expect((await w.get(service)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(w.cluster.info().apiWrites).toBe(writes);
  });

  test("update, scale, status and delete leave another life of the name alone", async () => {
    const w = world();
    const set = w.name("stranger");
    const [config, sts, group] = [w.configMap(set, { a: "1" }), w.statefulSet(set, 1), w.group(set)];
    for (const object of [config, sts, group]) await w.cluster.create(object);
    const before = await Promise.all([config, sts, group].map((object) => w.get(object)));
    const conflict = { code: "cluster.conflict", retry: "backoff" };
    await expect(w.cluster.update(w.ref(config, OTHER_LIFE), w.configMap(set, { a: "2" }))).rejects.toMatchObject(
      conflict,
    );
    await expect(w.cluster.scale(w.ref(sts, OTHER_LIFE), 5)).rejects.toMatchObject(conflict);
    await expect(w.cluster.updateStatus(w.ref(group, OTHER_LIFE), { phase: "Ready" })).rejects.toMatchObject(conflict);
    for (const object of [config, sts, group]) await w.cluster.delete(w.ref(object, OTHER_LIFE), "Background");
    const after = await Promise.all([config, sts, group].map((object) => w.get(object)));
    expect(after.map((one) => [one.metadata.uid, one["data"]])).toEqual(
      before.map((one) => [one.metadata.uid, one["data"]]),
    );
    expect(after[1]?.["spec"]).toMatchObject({ replicas: 1 });
    expect(after[2]?.["status"]).toBeUndefined();
  });

  test("a late write does not bring back what was torn down", async () => {
    const w = world();
    const set = w.name("late");
    const [config, sts] = [w.configMap(set, { a: "1" }), w.statefulSet(set, 0)];
    const [configRef, stsRef] = [await w.created(config), await w.created(sts)];
    await w.cluster.delete(configRef, "Background");
    await w.cluster.delete(stsRef, "Background");
    await eventually(async () => (await w.find(sts)) === null);
    const conflict = { code: "cluster.conflict" };
    await expect(w.cluster.update(configRef, config)).rejects.toMatchObject(conflict);
    await expect(w.cluster.scale(stsRef, 2)).rejects.toMatchObject(conflict);
    await w.cluster.delete(stsRef, "Foreground");
    expect([await w.find(config), await w.find(sts)]).toEqual([null, null]);
    expect(w.set(set)).toMatchObject({ configMaps: [], workloads: [] });
  });

  test("replicas that another manager has set stay when something else is updated", async () => {
    const w = world();
    const set = w.name("autoscaled");
    const sts = w.statefulSet(set, 1);
    const ref = await w.created(sts);
    await w.others.patch(w.others.path("apps/v1", "StatefulSet", w.namespace, ref.name), { spec: { replicas: 2 } });
    const { replicas: _, ...spec } = sts["spec"] as Record<string, unknown>;
    await w.cluster.update(ref, {
      ...sts,
      metadata: { ...sts.metadata, annotations: { "example.com/new": "1" } },
      spec,
    });
    const after = await w.get(sts);
    expect(after.metadata.annotations).toMatchObject({ "example.com/new": "1" });
    expect(after["spec"]).toMatchObject({ replicas: 2 });
  });

  test("a status is replaced as a whole and touches nothing else", async () => {
    const w = world();
    const group = w.group(w.name("status"));
    const ref = await w.created(group);
    await w.cluster.updateStatus(ref, { phase: "Starting", message: "waits for decode" });
    await w.cluster.updateStatus(ref, { phase: "Ready" });
    const after = await w.get(group);
    expect(after["status"]).toEqual({ phase: "Ready" });
    expect(after.metadata.generation).toBe(1);
    expect(w.set(ref.name.slice(0, -2)).owners[0]?.status).toEqual({ phase: "Ready" });
  });

  test("says in the server's words which field of a pod template it refuses", async () => {
    const w = world();
    const set = w.name("invalid");
    const bad = w.statefulSet(set, 1, { container: { name: "Engine", ports: [{ containerPort: 99_999 }] } });
    for (const options of [{ dryRun: true }, {}]) {
      const error = await w.cluster.create(bad, options).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DomainError);
      expect(error).toMatchObject({ code: "cluster.refused", retry: "never" });
      expect((error as DomainError).problems).toEqual([
        {
          path: "spec.template.spec.containers[0].name",
          code: "cluster",
          message:
            "Invalid value: \"Engine\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        },
        {
          path: "spec.template.spec.containers[0].ports[0].containerPort",
          code: "cluster",
          message: "Invalid value: 99999: must be between 1 and 65535, inclusive",
        },
      ]);
    }
    expect(await w.find(bad)).toBeNull();
  });

  test("refuses fields that the API does not know, by name", async () => {
    const w = world();
    const bad = w.statefulSet(w.name("unknown"), 1, { container: { imagePullPolice: "Always" } });
    await expect(w.cluster.create(bad, { dryRun: true })).rejects.toMatchObject({
      code: "cluster.refused",
      problems: [{ path: "spec.template.spec.containers[0].imagePullPolice", code: "cluster" }],
    });
  });

  test("a dry run creates nothing, accepts what is ours already and objects to what is not", async () => {
    const w = world();
    const sts = w.statefulSet(w.name("dry"), 1);
    await w.cluster.create(sts, { dryRun: true });
    expect(await w.find(sts)).toBeNull();
    await w.cluster.create(sts);
    await w.cluster.create(w.statefulSet(sts.metadata.labels?.[LABEL.set] ?? "", 1, { incarnation: 7 }), {
      dryRun: true,
    });
    const foreign = w.statefulSet(w.name("dry"), 1);
    await w.others.create({ ...foreign, metadata: { name: foreign.metadata.name, namespace: w.namespace } });
    await expect(w.cluster.create(foreign, { dryRun: true })).rejects.toMatchObject({ code: "cluster.name-conflict" });
  });

  test("a namespace that does not exist refuses the object by name", async () => {
    const w = world();
    const object = w.configMap(w.name("nowhere"), {});
    const elsewhere = { ...object, metadata: { ...object.metadata, namespace: "no-such-namespace" } };
    await expect(w.cluster.create(elsewhere)).rejects.toMatchObject({
      code: "cluster.refused",
      message: expect.stringContaining('namespaces "no-such-namespace" not found'),
    });
  });
}
