import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

/** Stands before a sandbox cluster, and refuses what credentials without certain rights would be refused. */
export async function startForbiddingProxy(
  to: URL,
  isForbidden: (path: string) => boolean,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = http.createServer((request, response) => {
    if (isForbidden(request.url ?? "")) {
      request.resume();
      const message = "leases.coordination.k8s.io is forbidden";
      response.writeHead(403, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          kind: "Status",
          apiVersion: "v1",
          status: "Failure",
          reason: "Forbidden",
          message,
          code: 403,
        }),
      );
      return;
    }
    const { method, headers, url } = request;
    const upstream = http.request({ host: to.hostname, port: to.port, method, headers, path: url }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    upstream.on("error", () => response.destroy());
    response.on("close", () => upstream.destroy());
    request.pipe(upstream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
