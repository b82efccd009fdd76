import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { deleteSet } from "./spec-change.ts";

const roles = (image = "engine:1", port = 8000) => [
  aRole({ role: "prefill" }),
  aRole({
    role: "router",
    image,
    dependencies: ["prefill"],
    ports: [{ name: "http", containerPort: port }, { containerPort: 9000 }],
  }),
];
const entry = { role: "router", port: "http" };
const draft = { replicas: 2, roles: roles(), entry };

function ready(fields: Parameters<typeof aSet>[0] = draft): Operated {
  const set = new Operated(new World([aNode("n1"), aNode("n2")]), aSet(fields));
  set.untilReady();
  set.acted.length = 0;
  return set;
}
function edit(set: Operated, fields: Parameters<typeof aSet>[0]): void {
  set.edit(aSet(fields).spec);
}
const service = (set: Operated) => set.world.objects.get("Service/demo")?.object;
const uid = (set: Operated) => set.world.objects.get("Service/demo")?.shown.uid;

test("one Service with the set's name stands over the ready pods of the role in all groups", () => {
  const set = ready();
  expect(service(set)).toMatchObject({
    metadata: { labels: { "openpatio.io/set": "demo" }, annotations: { "openpatio.io/set-id": "id-demo" } },
    spec: {
      selector: { "openpatio.io/set": "demo", "openpatio.io/role": "router" },
      ports: [{ name: "http", port: 8000, targetPort: "http" }],
    },
  });
  expect(service(set)).not.toHaveProperty("spec.publishNotReadyAddresses");
  set.run(5);
  expect(set.acted).toEqual([]);
});

test("a set without an entry has no such Service", () => {
  expect(service(ready({ replicas: 1, roles: roles() }))).toBeUndefined();
});

test("it stays the same one over rollouts, recoveries and scaling, also to no group at all", () => {
  const set = ready();
  const before = uid(set);
  edit(set, { ...draft, roles: roles("engine:2") });
  set.untilReady();
  set.world.crash("demo-1-router-0");
  set.run(60);
  edit(set, { ...draft, replicas: 0, roles: roles("engine:2") });
  set.run(20);
  expect(set.world.pods.size).toBe(0);
  edit(set, { ...draft, replicas: 1, roles: roles("engine:2") });
  set.untilReady();
  expect(uid(set)).toBe(before);
});

test("another port of the role, or another number of it, changes the Service in place", () => {
  const set = ready();
  const before = uid(set);
  edit(set, { ...draft, entry: { role: "router", port: "port9000" } });
  set.run(2);
  expect(service(set)).toMatchObject({ spec: { ports: [{ name: "port9000", port: 9000, targetPort: 9000 }] } });
  edit(set, { ...draft, roles: roles("engine:1", 8001) });
  set.untilReady();
  expect(service(set)).toMatchObject({ spec: { ports: [{ name: "http", port: 8001 }] } });
  expect(uid(set)).toBe(before);
});

test("it goes when the definition no longer wants it, and with the set", () => {
  const set = ready();
  edit(set, { replicas: 2, roles: roles() });
  set.run(2);
  expect(service(set)).toBeUndefined();
  edit(set, draft);
  set.run(2);
  expect(service(set)).toBeDefined();
  set.take(deleteSet(set.state));
  set.until((operated) => operated.isGone);
  expect(set.world.objects.size).toBe(0);
});

test("what others change or delete of it is put back, and told once", () => {
  const set = ready();
  set.world.tamper("Service/demo", { spec: { selector: { app: "mine" } } }, "kubectl-edit");
  set.run(2);
  expect(service(set)).toMatchObject({ spec: { selector: { "openpatio.io/role": "router" } } });
  expect(set.told("object.restored").map(({ cause }) => cause)).toEqual(["Service demo was changed by kubectl-edit"]);
  set.world.objects.delete("Service/demo");
  set.run(2);
  expect(service(set)).toBeDefined();
});

test("a Service of that name that is not ours is never touched", () => {
  const set = new Operated(new World([aNode("n1")]), aSet(draft));
  set.world.apply({
    kind: "create",
    cluster: "north",
    group: null,
    object: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "demo", namespace: "default", labels: { "openpatio.io/set": "demo" } },
      spec: { selector: { app: "mine" } },
    },
  });
  set.run(20);
  expect(service(set)).toMatchObject({ spec: { selector: { app: "mine" } } });
  expect(set.acted.filter((action) => action.kind === "update" || action.kind === "delete")).toEqual([]);
});
