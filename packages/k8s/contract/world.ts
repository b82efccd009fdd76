import { KubeConfig } from "@kubernetes/client-node";
import { API_VERSION, type KubeObject, LABEL, MANAGER, type ObservedSet } from "@openpatio/core/model";
import type { ObjectRef } from "@openpatio/core/plan";
import { KubeCluster, type KubeClusterOptions, parseKubeconfig } from "../src/index.ts";
import { ApiError } from "../src/kube/api-error.ts";
import { ApiConnection, type ApiQuery, type ApiRequest, DEFAULT_LIMITS } from "../src/kube/connection.ts";
import { type CuttingProxy, startCuttingProxy } from "./cutting-proxy.ts";

/** One API server under test. */
export type ContractTarget = {
  readonly kubeconfig: string;
  readonly isSimulated: boolean;
  /** Makes every version of the present too old to watch from. Absent where only a restart of the server does that. */
  readonly expireVersions?: () => Promise<void>;
  close(): Promise<void>;
};

/**
 * One namespace of a target, with the adapter under test in front of it and a plain client beside it that plays
 * everybody else: kubectl, autoscalers, controllers of other people.
 */
export class World {
  readonly namespace: string;
  readonly cluster: KubeCluster;
  readonly others: OtherClient;
  readonly target: ContractTarget;
  readonly #opened: KubeCluster[] = [];
  readonly #proxies: CuttingProxy[] = [];
  #count = 0;

  private constructor(target: ContractTarget, namespace: string, others: OtherClient) {
    this.target = target;
    this.namespace = namespace;
    this.others = others;
    this.cluster = this.open({});
  }

  static async create(target: ContractTarget): Promise<World> {
    const others = new OtherClient(parseKubeconfig(target.kubeconfig).kubeconfig);
    // One run must not see what another one left behind.
    const namespace = `contract-${Math.random().toString(36).slice(2, 10)}`;
    await others.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    const world = new World(target, namespace, others);
    await world.live(world.cluster);
    return world;
  }

  /** A cluster of its own, e.g. with other timing or through a proxy; closed with the world. */
  open(options: Partial<KubeClusterOptions>): KubeCluster {
    const cluster = new KubeCluster({
      name: "under-test",
      kubeconfig: parseKubeconfig(this.target.kubeconfig).kubeconfig,
      isSimulated: this.target.isSimulated,
      limits: { requestsPerSecond: 500, burst: 500 },
      ...options,
    });
    this.#opened.push(cluster);
    cluster.start();
    return cluster;
  }

  /** A proxy before the API server whose connections can be cut, and a kubeconfig that goes through it. */
  async proxied(): Promise<{ readonly proxy: CuttingProxy; readonly kubeconfig: KubeConfig }> {
    const { kubeconfig, server } = parseKubeconfig(this.target.kubeconfig);
    const proxy = await startCuttingProxy(new URL(server));
    this.#proxies.push(proxy);
    const url = new URL(server);
    const through = new KubeConfig();
    const cluster = kubeconfig.getCurrentCluster();
    const user = kubeconfig.getCurrentUser();
    if (cluster === null || user === null) throw new Error("the kubeconfig has no current context");
    through.loadFromClusterAndUser({ ...cluster, server: `${url.protocol}//127.0.0.1:${proxy.port}` }, user);
    return { proxy, kubeconfig: through };
  }

  async live(cluster: KubeCluster): Promise<void> {
    await eventually(
      () => cluster.observe().health === "live" || `${cluster.info().health}: ${cluster.info().message}`,
    );
  }

  /** A set's name that no other test of this world uses. */
  name(prefix: string): string {
    this.#count += 1;
    return `${prefix}-${this.#count}`;
  }

  set(name: string): ObservedSet {
    return this.cluster.observe().set(this.namespace, name);
  }

  ref(object: KubeObject, uid: string): ObjectRef {
    return {
      cluster: "under-test",
      apiVersion: object.apiVersion,
      kind: object.kind,
      namespace: this.namespace,
      name: object.metadata.name,
      uid,
    };
  }

  /** Creates it as the product does and says which life that is. */
  async created(object: KubeObject): Promise<ObjectRef> {
    await this.cluster.create(object);
    return this.ref(object, (await this.get(object)).metadata.uid ?? "");
  }

  async get(object: KubeObject): Promise<KubeObject> {
    const found = await this.find(object);
    if (found === null) throw new Error(`${object.kind} ${object.metadata.name} does not exist`);
    return found;
  }

  find(object: KubeObject): Promise<KubeObject | null> {
    return this.others.find(object.apiVersion, object.kind, this.namespace, object.metadata.name);
  }

  metadata(set: string, name: string, labels: Readonly<Record<string, string>> = {}): KubeObject["metadata"] {
    return {
      name,
      namespace: this.namespace,
      labels: { [LABEL.set]: set, [LABEL.groupIndex]: "0", [LABEL.managedBy]: MANAGER, ...labels },
    };
  }

  group(set: string): KubeObject {
    return {
      apiVersion: API_VERSION,
      kind: "RoleBasedGroup",
      metadata: this.metadata(set, `${set}-0`),
      spec: { set, index: 0, incarnation: 1, roles: [] },
    };
  }

  configMap(set: string, data: Readonly<Record<string, string>>, name = `${set}-0-config`): KubeObject {
    return { apiVersion: "v1", kind: "ConfigMap", metadata: this.metadata(set, name), data };
  }

  service(set: string, ports: readonly { name: string; port: number }[]): KubeObject {
    return {
      apiVersion: "v1",
      kind: "Service",
      metadata: this.metadata(set, `s-${set}-0-web`, { [LABEL.role]: "web" }),
      spec: { clusterIP: "None", publishNotReadyAddresses: true, selector: this.selector(set), ports },
    };
  }

  selector(set: string, role = "web"): Readonly<Record<string, string>> {
    return { [LABEL.set]: set, [LABEL.groupIndex]: "0", [LABEL.role]: role };
  }

  statefulSet(set: string, replicas: number, options: WorkloadOptions = {}): KubeObject {
    const role = options.role ?? "web";
    const incarnation = String(options.incarnation ?? 1);
    const labels = { ...this.selector(set, role), [LABEL.incarnation]: incarnation, [LABEL.revisionHash]: "abc123" };
    return {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: {
        ...this.metadata(set, `${set}-0-${role}`, labels),
        ...(options.owner === undefined ? {} : { ownerReferences: [ownerReference(options.owner)] }),
      },
      spec: {
        replicas,
        serviceName: `s-${set}-0-${role}`,
        podManagementPolicy: "Parallel",
        selector: { matchLabels: this.selector(set, role) },
        template: {
          metadata: { labels: { ...labels, [LABEL.managedBy]: MANAGER }, annotations: options.annotations ?? {} },
          spec: {
            terminationGracePeriodSeconds: 5,
            ...options.podSpec,
            containers: [
              {
                name: "engine",
                image: options.image ?? "registry.example/engine:1",
                ports: [{ name: "http", containerPort: 8000 }],
                ...options.container,
              },
            ],
          },
        },
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((cluster) => cluster.stop()));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    await this.others.removeNamespace(this.namespace);
    await this.others.close();
  }
}

export type WatchEvent = { readonly type: string; readonly object: KubeObject };

export type WorkloadOptions = {
  readonly role?: string;
  readonly incarnation?: number;
  readonly owner?: ObjectRef;
  readonly image?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly podSpec?: Readonly<Record<string, unknown>>;
  readonly container?: Readonly<Record<string, unknown>>;
};

function ownerReference(owner: ObjectRef) {
  const { apiVersion, kind, name, uid } = owner;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

const PLURALS: Readonly<Record<string, string>> = {
  Namespace: "namespaces",
  Node: "nodes",
  Pod: "pods",
  Service: "services",
  ConfigMap: "configmaps",
  ResourceQuota: "resourcequotas",
  StatefulSet: "statefulsets",
  Deployment: "deployments",
  RoleBasedGroup: "rolebasedgroups",
  RoleBasedGroupSet: "rolebasedgroupsets",
  CustomResourceDefinition: "customresourcedefinitions",
  PodDisruptionBudget: "poddisruptionbudgets",
  LeaderWorkerSet: "leaderworkersets",
};

/** Somebody else with credentials for the same cluster. Not the code under test, save for its HTTP. */
export class OtherClient {
  readonly #connection: ApiConnection;
  static readonly manager = "somebody-else";

  constructor(kubeconfig: KubeConfig) {
    this.#connection = new ApiConnection({
      kubeconfig,
      limits: { ...DEFAULT_LIMITS, requestsPerSecond: 500, burst: 500 },
      nowMs: () => Date.now(),
    });
  }

  path(apiVersion: string, kind: string, namespace: string | undefined, name?: string): string {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const plural = PLURALS[kind];
    if (plural === undefined) throw new Error(`unknown kind ${kind}`);
    const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
    return `${root}${scope}/${plural}${name === undefined ? "" : `/${name}`}`;
  }

  async create(object: KubeObject): Promise<KubeObject> {
    const path = this.path(object.apiVersion, object.kind, object.metadata.namespace);
    const query = { fieldManager: OtherClient.manager };
    return (await this.#connection.request({ method: "POST", path, query, body: object })) as KubeObject;
  }

  async find(
    apiVersion: string,
    kind: string,
    namespace: string | undefined,
    name: string,
  ): Promise<KubeObject | null> {
    try {
      const path = this.path(apiVersion, kind, namespace, name);
      return (await this.#connection.request({ method: "GET", path })) as KubeObject;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  async patch(path: string, body: unknown): Promise<KubeObject> {
    const query = { fieldManager: OtherClient.manager };
    const contentType = "application/merge-patch+json";
    return (await this.#connection.request({ method: "PATCH", path, query, body, contentType })) as KubeObject;
  }

  async remove(path: string, body?: unknown): Promise<void> {
    await this.#connection.request({ method: "DELETE", path, ...(body === undefined ? {} : { body }) });
  }

  async list(path: string, query: Readonly<Record<string, string>> = {}): Promise<readonly KubeObject[]> {
    const list = await this.#connection.request({ method: "GET", path, query });
    return list["items"] as readonly KubeObject[];
  }

  /** Anything else that a client may ask. */
  send(request: Omit<ApiRequest, "path">, path: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#connection.request({ ...request, path });
  }

  get(path: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#connection.request({ method: "GET", path });
  }

  /** Everything until the server ends the watch, or until what is looked for has come. */
  async watch(
    path: string,
    query: ApiQuery,
    isLast: (event: WatchEvent) => boolean = () => false,
  ): Promise<readonly WatchEvent[]> {
    const events: WatchEvent[] = [];
    const signal = new AbortController().signal;
    for await (const line of this.#connection.stream(path, query, { signal, silenceMs: 90_000 })) {
      const event = JSON.parse(line) as WatchEvent;
      events.push(event);
      if (isLast(event)) break;
    }
    return events;
  }

  removeNamespace(namespace: string): Promise<void> {
    return this.remove(`/api/v1/namespaces/${namespace}`);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

/** Asks every 20 ms until the answer is true; another answer says what is still missing. Fails after `withinMs`. */
export async function eventually(
  ask: () => boolean | string | Promise<boolean | string>,
  withinMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer === true) return;
    if (Date.now() > deadline) throw new Error(answer === false ? "it did not happen in time" : answer);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
