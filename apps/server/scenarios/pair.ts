import { readFileSync } from "node:fs";
import { type KubeObject, LABEL } from "@openpatio/core/model";
import type { ClusterRow, SetAnswer, TimelineItem } from "@openpatio/core/view";
import { parseKubeconfig } from "@openpatio/k8s";
import { createSandbox, SANDBOX_RACKS, SANDBOX_ZONES } from "@openpatio/k8s/sim";
import { afterAll, beforeAll, describe } from "vitest";
import { createTestServer, type TestServer } from "../src/testing/index.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { httpKube, type Kube, sandboxKube } from "./kube.ts";
import { manifest, type SetSketch } from "./set-under-test.ts";

export type Side = {
  /** Name under which the server knows the cluster. */
  readonly name: string;
  readonly kube: Kube;
  /** Cuts the server off this cluster, or connects it again. */
  cut(isCut: boolean): void;
};

/** A server and two clusters of one kind that a set may span; `a` comes first by name. */
export type Pair = {
  readonly server: TestServer;
  readonly namespace: string;
  readonly a: Side;
  readonly b: Side;
};

type Opened = Omit<Pair, "namespace"> & { readonly close: () => Promise<void> };

async function openSandboxes(namespace: string): Promise<Opened> {
  const server = await createTestServer({ clusters: [SANDBOX_RACKS, SANDBOX_ZONES] });
  const side = (name: string): Side => {
    const cluster = server.cluster(name);
    return { name, kube: sandboxKube(cluster.api, namespace), cut: (isCut) => cluster.cut(isCut) };
  };
  return { server, a: side(SANDBOX_RACKS.name), b: side(SANDBOX_ZONES.name), close: () => server.close() };
}

/** The control plane, which can be had only once, and beside it a sandbox cluster that is registered as any other. */
async function openBeside(path: string, namespace: string): Promise<Opened> {
  const kubeconfig = readFileSync(path, "utf8");
  const url = new URL(parseKubeconfig(kubeconfig).server);
  const proxy = await startCuttingProxy(url);
  // Other scenarios share the control plane, with servers of their own.
  const server = await createTestServer({ clusters: [], namespaces: [namespace] });
  const other = await createSandbox({ clusters: [SANDBOX_ZONES], timing: "fast" });
  const sandbox = other.cluster(SANDBOX_ZONES.name);
  const [a, b] = ["aside", "real"] as const;
  await server.call("clusters.register", { name: a, kubeconfig: sandbox.kubeconfigYaml });
  const proxied = kubeconfig.replaceAll(url.host, `127.0.0.1:${proxy.port}`);
  await server.call("clusters.register", { name: b, kubeconfig: proxied });
  await server.until(
    "both clusters to be live",
    () => server.call<readonly ClusterRow[]>("clusters.list"),
    (rows) => rows.every(({ health }) => health === "live"),
  );
  return {
    server,
    a: { name: a, kube: sandboxKube(sandbox.api, namespace), cut: (isCut) => sandbox.cut(isCut) },
    b: { name: b, kube: httpKube(kubeconfig, namespace), cut: (isCut) => proxy.cut(isCut) },
    close: async () => {
      await server.close();
      await other.close();
      await proxy.close();
    },
  };
}

const kubeconfigPath = process.env["CONTRACT_KUBECONFIG"] ?? "";

/** The same scenarios on two sandbox clusters, and on a real control plane and a sandbox cluster where there is one. */
export function describeOnPairs(theme: string, scenarios: (pair: () => Pair) => void): void {
  describeOn(`${theme}, on two sandbox clusters`, openSandboxes, scenarios);
  const title = `${theme}, on a real control plane and a sandbox cluster`;
  if (kubeconfigPath === "")
    describe.skip(`${title}: CONTRACT_KUBECONFIG names no kubeconfig`, () => scenarios(unopened));
  else describeOn(title, (namespace) => openBeside(kubeconfigPath, namespace), scenarios);
}

function describeOn(
  title: string,
  open: (namespace: string) => Promise<Opened>,
  scenarios: (pair: () => Pair) => void,
): void {
  describe(title, () => {
    let pair: Pair | undefined;
    let stop: (() => Promise<void>) | undefined;
    beforeAll(async () => {
      const namespace = `scenarios-${Math.random().toString(36).slice(2, 10)}`;
      const { close, ...opened } = await open(namespace);
      for (const { kube } of [opened.a, opened.b])
        await kube.create("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      pair = { ...opened, namespace };
      stop = async () => {
        await close();
        for (const { kube } of [opened.a, opened.b]) await kube.removeNamespace();
      };
    });
    afterAll(() => stop?.());
    scenarios(() => pair ?? unopened());
  });
}

function unopened(): never {
  throw new Error("the clusters are opened before the first test");
}

/** A set that spans both clusters, by what the server says and by what each of them shows. */
export class SpanningSet {
  readonly name: string;
  private readonly pair: Pair;

  constructor(pair: Pair, name: string) {
    this.pair = pair;
    this.name = name;
  }

  yaml({ placement, ...sketch }: SetSketch): string {
    const { a, b } = this.pair;
    const clusters = { names: [a.name, b.name] };
    return manifest(this.pair.namespace, this.name, { ...sketch, placement: { clusters, ...(placement as object) } });
  }

  apply(sketch: SetSketch): Promise<unknown> {
    return this.pair.server.call("sets.apply", { yaml: this.yaml(sketch) });
  }

  call<T>(procedure: string, input: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return this.pair.server.call<T>(procedure, { namespace: this.pair.namespace, name: this.name, ...input });
  }

  get(): Promise<SetAnswer> {
    return this.pair.server.set(this.name, this.pair.namespace);
  }

  until(what: string, condition: (set: SetAnswer) => boolean): Promise<SetAnswer> {
    return this.pair.server.until(`${this.name}: ${what}`, () => this.get(), condition);
  }

  ready(): Promise<SetAnswer> {
    return this.until("everything to be ready", ({ detail, groups }) => {
      const isWhole = groups.length === detail.replicas && groups.every(({ phase }) => phase === "Ready");
      return isWhole && detail.phase === "Ready" && !detail.rollout.isActive;
    });
  }

  /** Where its groups are, by index. */
  async places(): Promise<readonly (string | null)[]> {
    return (await this.get()).groups.map(({ cluster }) => cluster);
  }

  pods(side: Side, group?: number): Promise<readonly KubeObject[]> {
    const labels = { [LABEL.set]: this.name, ...(group === undefined ? {} : { [LABEL.groupIndex]: String(group) }) };
    return side.kube.list("pods", labels);
  }

  /** Oldest first. */
  async timeline(kind: TimelineItem["kind"]): Promise<readonly TimelineItem[]> {
    const items = await this.call<readonly TimelineItem[]>("sets.timeline", { limit: 500 });
    return items.filter((item) => item.kind === kind).reverse();
  }

  /** Until no cluster has anything of the group. */
  async goneFrom(side: Side, group: number): Promise<void> {
    const kinds = ["rolebasedgroups.openpatio.io", "statefulsets.apps", "services", "configmaps", "pods"];
    const labels = { [LABEL.set]: this.name, [LABEL.groupIndex]: String(group) };
    await this.pair.server.until(
      `nothing of group ${group} of ${this.name} to be left on ${side.name}`,
      async () => (await Promise.all(kinds.map((kind) => side.kube.list(kind, labels)))).flat(),
      (left) => left.length === 0,
    );
  }

  async end(): Promise<void> {
    await this.call("sets.delete");
    await this.pair.server.until(
      `${this.name} to be gone`,
      () => this.pair.server.call<readonly { readonly name: string }[]>("sets.list"),
      (rows) => !rows.some(({ name }) => name === this.name),
    );
  }
}
