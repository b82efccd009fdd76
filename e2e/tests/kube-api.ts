import http from "node:http";
import https from "node:https";
import { parse } from "yaml";

export type KubeItem = {
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly labels?: Record<string, string>;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
  };
  // The tests read many kinds; each looks at the few fields it names.
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  readonly data?: Record<string, string>;
};

type Kubeconfig = {
  clusters: { cluster: { server: string; "certificate-authority-data"?: string } }[];
  users: { user: { token?: string; "client-certificate-data"?: string; "client-key-data"?: string } }[];
};

const decode = (data: string | undefined) => (data === undefined ? undefined : Buffer.from(data, "base64"));

/** Just enough of a Kubernetes client to look at a cluster behind OpenPatio's back. */
export class KubeApi {
  readonly kubeconfig: string;
  private readonly server: string;
  private readonly options: https.RequestOptions;
  private readonly authorization: Record<string, string>;

  constructor(kubeconfig: string) {
    const { clusters, users } = parse(kubeconfig) as Kubeconfig;
    const cluster = clusters[0]?.cluster;
    const user = users[0]?.user;
    if (cluster === undefined) throw new Error("kubeconfig without a cluster");
    this.kubeconfig = kubeconfig;
    this.server = cluster.server;
    this.options = {
      ca: decode(cluster["certificate-authority-data"]),
      cert: decode(user?.["client-certificate-data"]),
      key: decode(user?.["client-key-data"]),
    };
    this.authorization = user?.token ? { authorization: `Bearer ${user.token}` } : {};
  }

  request(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
  ): Promise<{ status: number; body: unknown }> {
    const url = new URL(path, this.server);
    const client = url.protocol === "https:" ? https : http;
    const headers = { ...this.authorization, ...(body === undefined ? {} : { "content-type": contentType }) };
    return new Promise((resolve, reject) => {
      const request = client.request(url, { ...this.options, method, headers }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: text === "" ? null : JSON.parse(text) }),
        );
      });
      request.on("error", reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async isAnswering(): Promise<boolean> {
    const answer = await this.request("GET", "/version").catch(() => null);
    return answer?.status === 200;
  }

  async list(path: string, labels = ""): Promise<readonly KubeItem[]> {
    const { status, body } = await this.request(
      "GET",
      `${path}${labels ? `?labelSelector=${encodeURIComponent(labels)}` : ""}`,
    );
    if (status === 404) return [];
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return (body as { items: readonly KubeItem[] }).items;
  }

  pods(namespace: string, set: string): Promise<readonly KubeItem[]> {
    return this.list(`/api/v1/namespaces/${namespace}/pods`, `openpatio.io/set=${set}`);
  }

  /** Everything that OpenPatio makes for a set, by kind. */
  async objectsOf(
    namespace: string,
    set: string,
  ): Promise<Record<"rbg" | "sts" | "svc" | "cm" | "pods", readonly KubeItem[]>> {
    const labels = `openpatio.io/set=${set}`;
    const [rbg, sts, svc, cm, pods] = await Promise.all([
      this.list(`/apis/openpatio.io/v1alpha1/namespaces/${namespace}/rolebasedgroups`, labels),
      this.list(`/apis/apps/v1/namespaces/${namespace}/statefulsets`, labels),
      this.list(`/api/v1/namespaces/${namespace}/services`, labels),
      this.list(`/api/v1/namespaces/${namespace}/configmaps`, labels),
      this.pods(namespace, set),
    ]);
    return { rbg, sts, svc, cm, pods };
  }

  async annotatePod(namespace: string, pod: string, annotations: Record<string, string>): Promise<void> {
    const { status, body } = await this.request(
      "PATCH",
      `/api/v1/namespaces/${namespace}/pods/${pod}`,
      { metadata: { annotations } },
      "application/merge-patch+json",
    );
    if (status !== 200) throw new Error(`annotate ${pod}: ${status} ${JSON.stringify(body)}`);
  }
}

export const isPodReady = (pod: KubeItem): boolean =>
  ((pod.status?.["conditions"] ?? []) as { type: string; status: string }[]).some(
    (c) => c.type === "Ready" && c.status === "True",
  );
