import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type GroupState, LABEL, type WorkloadKind } from "../model/index.ts";
import { newGroup } from "../plan/incarnation.ts";
import { aRole, aSet } from "../testing/index.ts";
import { keepOff, pinToDomain } from "./affinity.ts";
import { renderDiscovery } from "./discovery.ts";
import { renderConfigMaps, renderOwner, renderServices } from "./group-objects.ts";
import { dataHash, ownerReference } from "./labels.ts";
import { renderWorkloads, wantedWorkloads, workloadObject } from "./workloads.ts";

const group: GroupState = { ...newGroup(0, 1, 0, 0), incarnation: 3 };
const PLAIN = { hasLeaderWorkerSets: false };
const owner = ownerReference("demo-0", "uid-rbg");
const withPorts = (ports: readonly unknown[]) => aSet({ roles: [aRole({ role: "kv-store", ports })] });
type Container = {
  readonly name: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom: unknown;
  readonly volumeMounts: unknown;
};
type Pod = {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>> & { readonly containers: readonly Container[] };
};

function podOf(set: ReturnType<typeof aSet>, role = 0): Pod {
  const rendered = renderWorkloads(set, group, PLAIN)[role];
  if (rendered === undefined) throw new Error("no such role");
  return (rendered.object["spec"] as { readonly template: Pod }).template;
}

test("the discovery file has the layout that launchers read", () => {
  const { configYaml } = renderDiscovery(aSet(), group);
  expect(configYaml).toBe(`group:
  name: demo-0
  size: 2
  roles:
    - decode
    - prefill
roles:
  decode:
    size: 2
    service: s-demo-0-decode.default.svc
    instances:
      - address: demo-0-decode-0.s-demo-0-decode.default.svc
        ports:
          http: 8000
      - address: demo-0-decode-1.s-demo-0-decode.default.svc
        ports:
          http: 8000
  prefill:
    size: 2
    service: s-demo-0-prefill.default.svc
    instances:
      - address: demo-0-prefill-0.s-demo-0-prefill.default.svc
        ports:
          http: 8000
      - address: demo-0-prefill-1.s-demo-0-prefill.default.svc
        ports:
          http: 8000
`);
});

test("the environment says the same as the file", () => {
  const set = withPorts([{ name: "kv-sync", containerPort: 1 }, { containerPort: 8000 }]);
  expect(renderDiscovery(set, group).env).toEqual({
    RBG_GROUP_SIZE: "1",
    ROLES_KV_STORE_SIZE: "1",
    ROLES_KV_STORE_SERVICE: "s-demo-0-kv-store.default.svc",
    ROLES_KV_STORE_0_ADDRESS: "demo-0-kv-store-0.s-demo-0-kv-store.default.svc",
    ROLES_KV_STORE_0_KV_SYNC_PORT: "1",
    ROLES_KV_STORE_0_PORT8000_PORT: "8000",
  });
});

test("ports: '-' becomes '_', unnamed ones get their number, a second of one name its container", () => {
  const role = aRole({ role: "a", ports: [{ name: "kv-sync", containerPort: 1 }, { containerPort: 8000 }] }) as {
    readonly template: { readonly spec: { readonly containers: readonly unknown[] } };
  };
  const containers = [
    ...role.template.spec.containers,
    { name: "proxy", ports: [{ name: "kv-sync", containerPort: 2 }] },
  ];
  const set = aSet({ roles: [{ ...role, template: { spec: { containers } } }] });
  const config = parse(renderDiscovery(set, group).configYaml) as {
    readonly roles: { readonly a: { readonly instances: readonly { readonly ports: unknown }[] } };
  };
  expect(config.roles.a.instances[0]?.ports).toEqual({ kv_sync: 1, port8000: 8000, kv_sync_proxy: 2 });
});

test("a Deployment's pods have no names of their own: the Service stands for them", () => {
  const set = aSet({ roles: [aRole({ role: "router", kind: "Deployment" })] });
  const { configYaml, env } = renderDiscovery(set, group);
  expect(configYaml).toContain("instances: []");
  expect(Object.keys(env)).toEqual(["RBG_GROUP_SIZE", "ROLES_ROUTER_SIZE", "ROLES_ROUTER_SERVICE"]);
});

test("a StatefulSet starts its pods in parallel under its own Service, and selects its incarnation only", () => {
  const [prefill] = renderWorkloads(aSet(), group, PLAIN);
  expect(prefill?.object).toMatchObject({
    kind: "StatefulSet",
    metadata: { name: "demo-0-prefill", namespace: "default", labels: { "app.kubernetes.io/managed-by": "openpatio" } },
    spec: {
      serviceName: "s-demo-0-prefill",
      podManagementPolicy: "Parallel",
      selector: {
        matchLabels: {
          [LABEL.set]: "demo",
          [LABEL.groupIndex]: "0",
          [LABEL.role]: "prefill",
          [LABEL.incarnation]: "3",
        },
      },
    },
  });
});

test("scaling changes no pod template, and a rendering holds neither replicas nor owner", () => {
  const few = aSet({ roles: [aRole({ role: "a", replicas: 1 })] });
  const many = aSet({ roles: [aRole({ role: "a", replicas: 5 })] });
  expect(renderWorkloads(few, group, PLAIN)).toEqual(renderWorkloads(many, group, PLAIN));
  const [rendered] = renderWorkloads(few, group, PLAIN);
  expect(JSON.stringify(rendered)).not.toContain("replicas");
  if (rendered === undefined) throw new Error("nothing rendered");
  const [wanted] = wantedWorkloads(rendered, 5);
  if (wanted === undefined) throw new Error("nothing wanted");
  expect(workloadObject(wanted, 5, owner)).toMatchObject({
    metadata: { ownerReferences: [owner] },
    spec: { replicas: 5 },
  });
});

test("the pod's place in the set comes before the user's own env, and a name that the user defines stays theirs", () => {
  const containers = [
    {
      name: "engine",
      env: [
        { name: "RANK", value: "$(RBG_ROLE_INDEX)" },
        { name: "GROUP_NAME", value: "mine" },
      ],
    },
  ];
  const role = { ...(aRole({ role: "a" }) as object), template: { spec: { containers } } };
  const [container] = podOf(aSet({ roles: [role] })).spec.containers;
  expect(container?.env.map((variable) => variable.name)).toEqual([
    "RBG_GROUP_NAME",
    "RBG_SET_NAME",
    "RBG_GROUP_INDEX",
    "RBG_ROLE_NAME",
    "ROLE_NAME",
    "RBG_ROLE_INDEX",
    "ROLE_INDEX",
    "RBG_ROLE_INSTANCE_NAME",
    "RANK",
    "GROUP_NAME",
  ]);
  expect(container?.env.at(-1)?.value).toBe("mine");
});

test("every container, init containers too, gets the file and the variables", () => {
  const podSpec = { initContainers: [{ name: "wait", image: "busybox" }] };
  const { spec } = podOf(aSet({ roles: [aRole({ role: "a", podSpec })] }));
  const all = [...(spec["initContainers"] as readonly Container[]), ...spec.containers];
  expect(all.map((container) => container.name)).toEqual(["wait", "engine"]);
  for (const container of all) {
    expect(container.envFrom).toEqual([{ configMapRef: { name: "demo-0-env" } }]);
    expect(container.volumeMounts).toEqual([{ name: "rbg-config", mountPath: "/etc/rbg", readOnly: true }]);
  }
  expect(spec["volumes"]).toEqual([{ name: "rbg-config", configMap: { name: "demo-0-config" } }]);
});

test("host network pods resolve cluster names unless they say otherwise", () => {
  const policy = (podSpec: Readonly<Record<string, unknown>>) =>
    podOf(aSet({ roles: [aRole({ role: "a", podSpec })] })).spec["dnsPolicy"];
  expect(policy({ hostNetwork: true })).toBe("ClusterFirstWithHostNet");
  expect(policy({ hostNetwork: true, dnsPolicy: "Default" })).toBe("Default");
  expect(policy({})).toBeUndefined();
});

test("pods carry the group's labels, and ours over the user's", () => {
  const groupTemplate = {
    metadata: { labels: { team: "a" }, annotations: { note: "b" } },
    roles: [aRole({ role: "a" })],
  };
  const { metadata } = podOf(aSet({ groupTemplate }));
  expect(metadata).toMatchObject({
    labels: { team: "a", [LABEL.incarnation]: "3", [LABEL.role]: "a" },
    annotations: { note: "b" },
  });
});

test("the pin narrows every alternative of the user's own node affinity", () => {
  const own = {
    podAffinity: { x: 1 },
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "Exists" }] }, { matchFields: [] }],
      },
    },
  };
  const pin = { key: "rack", operator: "In", values: ["r1"] };
  expect(pinToDomain(own, { key: "rack", value: "r1" })).toEqual({
    podAffinity: { x: 1 },
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: "a", operator: "Exists" }, pin] },
          { matchFields: [], matchExpressions: [pin] },
        ],
      },
    },
  });
  expect(pinToDomain(undefined, { key: "rack", value: "r1" })).toEqual({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [pin] }] },
    },
  });
});

test("each role has a headless Service that publishes pods before they are ready", () => {
  const [service] = renderServices(aSet(), group, owner);
  expect(service).toMatchObject({
    metadata: { name: "s-demo-0-prefill", ownerReferences: [owner] },
    spec: {
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: { [LABEL.set]: "demo", [LABEL.groupIndex]: "0", [LABEL.role]: "prefill" },
      ports: [{ name: "http", port: 8000, targetPort: 8000, protocol: "TCP" }],
    },
  });
});

test("a Service takes each number once per protocol, and none where the role has no ports", () => {
  const ports = [
    { name: "a", containerPort: 1 },
    { name: "b", containerPort: 1 },
    { name: "c", containerPort: 1, protocol: "UDP" },
  ];
  expect(renderServices(withPorts(ports), group, owner)).toMatchObject([
    { spec: { ports: [{ name: "a" }, { name: "c", protocol: "UDP" }] } },
  ]);
  const [none] = renderServices(withPorts([]), group, owner);
  expect(none?.["spec"]).not.toHaveProperty("ports");
});

test("the RoleBasedGroup shows what the group is made of", () => {
  expect(renderOwner(aSet(), group)["spec"]).toEqual({
    set: "demo",
    index: 0,
    incarnation: 3,
    roles: [
      { role: "prefill", replicas: 2, dependencies: [], workload: { apiVersion: "apps/v1", kind: "StatefulSet" } },
      {
        role: "decode",
        replicas: 2,
        dependencies: ["prefill"],
        workload: { apiVersion: "apps/v1", kind: "StatefulSet" },
      },
    ],
  });
});

test("the content hash changes with the content and with nothing else", () => {
  const hash = (set: ReturnType<typeof aSet>, uid: string) =>
    renderConfigMaps(set, group, ownerReference("demo-0", uid))[0]?.metadata.annotations?.["openpatio.io/content-hash"];
  expect(hash(aSet(), "a")).toBe(hash(aSet(), "b"));
  expect(hash(aSet(), "a")).not.toBe(hash(aSet({ roles: [aRole({ role: "x" })] }), "a"));
});

test("a port whose derived name is taken gets another one, in the file, the environment and the Service", () => {
  const containers = [
    {
      name: "x",
      ports: [
        { name: "http-a", containerPort: 1 },
        { name: "http", containerPort: 2 },
      ],
    },
    { name: "a", ports: [{ name: "http", containerPort: 3 }] },
  ];
  const set = aSet({ roles: [{ role: "r", template: { spec: { containers } } }] });
  const { configYaml, env } = renderDiscovery(set, group);
  expect(configYaml).toContain("http_a: 1\n          http: 2\n          http_a_2: 3\n");
  expect(env["ROLES_R_0_HTTP_A_2_PORT"]).toBe("3");
  expect(renderServices(set, group, owner)).toMatchObject([
    { spec: { ports: [{ name: "http-a" }, { name: "http" }, { name: "http-a-2", port: 3 }] } },
  ]);
});

test("what an API server fills in makes no difference to what a Service says, a foreign change does", () => {
  const [service] = renderServices(aSet(), group, owner);
  if (service === undefined) throw new Error("there is no Service");
  const spec = service["spec"] as Readonly<Record<string, unknown>>;
  const filledIn = { ...service, spec: { ...spec, clusterIPs: ["None"], sessionAffinity: "None", type: "ClusterIP" } };
  expect(dataHash(filledIn)).toBe(dataHash(service));
  expect(dataHash({ ...service, spec: { ...spec, publishNotReadyAddresses: false } })).not.toBe(dataHash(service));
  expect(dataHash({ ...service, spec: { ...spec, selector: {} } })).not.toBe(dataHash(service));
});

test("domains that others hold alone are kept off by every alternative of the user's own node affinity", () => {
  const avoided = [
    { key: "rack", value: "r1" },
    { key: "rack", value: "r2" },
  ];
  const not = { key: "rack", operator: "NotIn", values: ["r1", "r2"] };
  const required = (nodeSelectorTerms: readonly unknown[]) => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  });
  expect(keepOff(undefined, avoided)).toEqual(required([{ matchExpressions: [not] }]));
  const own = { key: "a", operator: "Exists" };
  expect(keepOff(required([{ matchExpressions: [own] }, {}]), avoided)).toEqual(
    required([{ matchExpressions: [own, not] }, { matchExpressions: [not] }]),
  );
});

describe("a multi-node role", () => {
  const multi = (kind: WorkloadKind, workers = false) => {
    const workerTemplate = { spec: { containers: [{ name: "w", image: "w", ports: [{ containerPort: 9 }] }] } };
    const leaderWorker = workers ? { size: 3, workerTemplate } : { size: 3 };
    return aSet({ roles: [aRole({ role: "prefill", replicas: 2, kind, leaderWorker })] });
  };
  const rendered = (set: ReturnType<typeof aSet>, hasLeaderWorkerSets: boolean): GroupState => ({
    ...group,
    rendering: renderWorkloads(set, group, { hasLeaderWorkerSets }),
  });
  const addresses = (set: ReturnType<typeof aSet>, hasLeaderWorkerSets: boolean) => {
    const { configYaml } = renderDiscovery(set, rendered(set, hasLeaderWorkerSets));
    const config = parse(configYaml) as {
      readonly roles: {
        readonly prefill: {
          readonly size: number;
          readonly instances: readonly { readonly address: string; readonly workers: readonly { address: string }[] }[];
        };
      };
    };
    const { size, instances } = config.roles.prefill;
    return [size, ...instances.slice(1).flatMap(({ address, workers }) => [address, ...workers.map((w) => w.address)])];
  };

  test("its leaders' and workers' addresses follow the form of its workloads", () => {
    const service = "s-demo-0-prefill.default.svc";
    expect(addresses(multi("StatefulSet"), true)).toEqual([
      2,
      `demo-0-prefill-1-0.${service}`,
      `demo-0-prefill-1-1.${service}`,
      `demo-0-prefill-1-2.${service}`,
    ]);
    expect(addresses(multi("StatefulSet", true), true)).toEqual([
      2,
      `demo-0-prefill-1-0.${service}`,
      `demo-0-prefill-1-w-1.${service}`,
      `demo-0-prefill-1-w-2.${service}`,
    ]);
    expect(addresses(multi("LeaderWorkerSet"), true)).toEqual([
      2,
      "demo-0-prefill-1.demo-0-prefill.default.svc",
      "demo-0-prefill-1-1.demo-0-prefill.default.svc",
      "demo-0-prefill-1-2.demo-0-prefill.default.svc",
    ]);
    expect(addresses(multi("LeaderWorkerSet"), false)).toEqual(addresses(multi("StatefulSet"), false));
    expect(renderDiscovery(multi("StatefulSet"), rendered(multi("StatefulSet"), false)).env).toMatchObject({
      ROLES_PREFILL_SIZE: "2",
      ROLES_PREFILL_1_ADDRESS: `demo-0-prefill-1-0.${service}`,
    });
  });

  test("every pod knows its instance, its leader and its place, before the user's own variables", () => {
    const envOf = (kind: WorkloadKind) => {
      const [workload] = rendered(multi(kind), true).rendering;
      const [wanted] = workload === undefined ? [] : wantedWorkloads(workload, 1);
      const spec = wanted?.object["spec"] as {
        readonly template?: Pod;
        readonly leaderWorkerTemplate?: { readonly workerTemplate: Pod };
      };
      const pod = spec.template ?? spec.leaderWorkerTemplate?.workerTemplate;
      return new Map(pod?.spec.containers[0]?.env.map(({ name, ...value }) => [name, value]));
    };
    const label = (name: string) => ({ valueFrom: { fieldRef: { fieldPath: `metadata.labels['${name}']` } } });
    expect(Object.fromEntries(envOf("StatefulSet"))).toMatchObject({
      RBG_ROLE_INDEX: label("openpatio.io/instance"),
      RBG_ROLE_INSTANCE_NAME: { value: "demo-0-prefill-$(RBG_ROLE_INDEX)" },
      RBG_LWP_LEADER_ADDRESS: { value: "demo-0-prefill-$(RBG_ROLE_INDEX)-0.s-demo-0-prefill.default.svc" },
      RBG_LWP_WORKER_INDEX: label("apps.kubernetes.io/pod-index"),
      RBG_LWP_GROUP_SIZE: { value: "3" },
    });
    expect(Object.fromEntries(envOf("LeaderWorkerSet"))).toMatchObject({
      RBG_ROLE_INDEX: label("leaderworkerset.sigs.k8s.io/group-index"),
      RBG_LWP_LEADER_ADDRESS: { value: "demo-0-prefill-$(RBG_ROLE_INDEX).demo-0-prefill.default.svc" },
      RBG_LWP_WORKER_INDEX: label("leaderworkerset.sigs.k8s.io/worker-index"),
    });
    const names = [...envOf("StatefulSet").keys()];
    expect(names.indexOf("RBG_ROLE_INDEX")).toBeLessThan(names.indexOf("RBG_LWP_LEADER_ADDRESS"));
  });

  test("leader and workers of an instance are told apart in selectors, and instances too", () => {
    const [workload] = rendered(multi("StatefulSet", true), false).rendering;
    const wanted = workload === undefined ? [] : wantedWorkloads(workload, 2);
    expect(wanted.map(({ name, replicas }) => [name, replicas])).toEqual([
      ["demo-0-prefill-0", 1],
      ["demo-0-prefill-0-w", 2],
      ["demo-0-prefill-1", 1],
      ["demo-0-prefill-1-w", 2],
    ]);
    const labels = wanted.map(({ object }) => {
      const spec = object["spec"] as {
        readonly selector: { readonly matchLabels: object };
        readonly template: Pod;
        readonly ordinals?: unknown;
      };
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
      return JSON.stringify(spec.selector.matchLabels);
    });
    expect(new Set(labels).size).toBe(4);
    expect(wanted[1]?.object["spec"]).toMatchObject({ ordinals: { start: 1 } });
  });

  test("its Service has the ports of leaders and workers", () => {
    const [service] = renderServices(multi("StatefulSet", true), group, owner);
    expect(service?.["spec"]).toMatchObject({ ports: [{ port: 8000 }, { port: 9 }] });
  });
});
