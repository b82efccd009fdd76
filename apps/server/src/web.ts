import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";

export type Web = {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  close(): Promise<void>;
};

type NextServer = {
  prepare(): Promise<void>;
  getRequestHandler(): Web["handle"];
  getUpgradeHandler(): Web["upgrade"];
  close(): Promise<void>;
};
type CreateNext = (options: { dev: boolean; dir: string; hostname: string; port: number }) => NextServer;

/** The folder of the web workspace: `src/web.ts` and the bundle in `dist/` lie at the same depth. */
const WEB_DIR = fileURLToPath(new URL("../../web", import.meta.url));

/** The console, served in this process. Next belongs to the web workspace and is resolved from there. */
export async function openWeb(options: { isDev: boolean; hostname: string; port: number }): Promise<Web> {
  const createNext: CreateNext = createRequire(`${WEB_DIR}/package.json`)("next");
  const next = createNext({ dev: options.isDev, dir: WEB_DIR, hostname: options.hostname, port: options.port });
  await next.prepare();
  return { handle: next.getRequestHandler(), upgrade: next.getUpgradeHandler(), close: () => next.close() };
}
