import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { KubeObject } from "@openpatio/core/model";
import { parseKubeconfig } from "@openpatio/k8s";

/** The calls of a reconciler towards one cluster at a time: the bare client has as many. */
const CONCURRENCY = 8;

/** The least that speaks to an API server: kept connections, no cache, no limit but the number of calls at a time. */
export class ApiClient {
  readonly #server: string;
  readonly #agent: http.Agent;
  readonly #watchAgent: http.Agent;
  readonly #options: { readonly ca?: Buffer; readonly headers: Readonly<Record<string, string>> };

  constructor(kubeconfigText: string) {
    const { kubeconfig, server } = parseKubeconfig(kubeconfigText);
    const ca = kubeconfig.getCurrentCluster()?.caData;
    const token = kubeconfig.getCurrentUser()?.token;
    const { Agent } = server.startsWith("https:") ? https : http;
    this.#server = server;
    this.#agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
    this.#watchAgent = new Agent();
    this.#options = {
      ...(ca === undefined ? {} : { ca: Buffer.from(ca, "base64") }),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    };
  }

  async text(method: string, path: string, body?: unknown, contentType = "application/json"): Promise<string> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const about = bytes === undefined ? {} : { "content-type": contentType, "content-length": bytes.length };
    const sent = this.#send(method, path, about, this.#agent).end(bytes);
    const [answer] = (await once(sent, "response")) as [http.IncomingMessage];
    let text = "";
    for await (const chunk of answer.setEncoding("utf8")) text += chunk;
    if ((answer.statusCode ?? 500) >= 400) throw new Error(`${method} ${path}: ${text}`);
    return text;
  }

  async json(method: string, path: string, body?: unknown, contentType?: string): Promise<KubeObject> {
    return JSON.parse(await this.text(method, path, body, contentType)) as KubeObject;
  }

  async list(path: string): Promise<readonly KubeObject[]> {
    return (await this.json("GET", path))["items"] as readonly KubeObject[];
  }

  /** Every object at `path` now, then every change. Resolves with the end of the watch, once it is open. */
  async watch(path: string, onEvent: (type: string, object: KubeObject) => void): Promise<() => void> {
    const list = await this.json("GET", path);
    for (const object of list["items"] as readonly KubeObject[]) onEvent("ADDED", object);
    const query = `watch=1&timeoutSeconds=3000&resourceVersion=${list.metadata.resourceVersion}`;
    const sent = this.#send("GET", `${path}?${query}`, {}, this.#watchAgent).end();
    sent.on("error", () => {}); // It is destroyed by us.
    const [answer] = (await once(sent, "response")) as [http.IncomingMessage];
    answer.on("error", () => {});
    let rest = "";
    answer.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
        onEvent(type, object);
      }
    });
    return () => sent.destroy();
  }

  close(): void {
    this.#agent.destroy();
    this.#watchAgent.destroy();
  }

  #send(method: string, path: string, headers: http.OutgoingHttpHeaders, agent: http.Agent): http.ClientRequest {
    const url = new URL(path, this.#server);
    const options = { ...this.#options, method, agent, headers: { ...this.#options.headers, ...headers } };
    return url.protocol === "https:" ? https.request(url, options) : http.request(url, options);
  }
}
