import { readFileSync } from "node:fs";
import path from "node:path";
import { DomainError } from "@openpatio/core/errors";
import type { Faults, SandboxControl } from "./control.ts";

const TIMEOUT_MS = 5_000;
const NO_FAULTS: Faults = { isCut: false, delayMs: 0 };

/**
 * Speaks to the control endpoint of the sandbox process. Its address and token are read at every call, because both are
 * new after a restart of that process, and so are the faults gone.
 */
export class SandboxProcessControl implements SandboxControl {
  private readonly dir: string;
  private readonly known = new Map<string, Faults>();

  constructor(dir: string) {
    this.dir = dir;
  }

  faults(cluster: string): Faults | null {
    return this.known.get(cluster) ?? NO_FAULTS;
  }

  cut(cluster: string, isCut: boolean): Promise<void> {
    return this.set(cluster, "cut", { cut: isCut });
  }

  slow(cluster: string, delayMs: number): Promise<void> {
    return this.set(cluster, "slow", { delayMs });
  }

  async refresh(): Promise<boolean> {
    const body = (await this.call("GET", "/clusters")) as { clusters: ({ name: string } & Faults)[] };
    let isChanged = false;
    for (const { name, isCut, delayMs } of body.clusters) {
      const before = this.known.get(name) ?? NO_FAULTS;
      isChanged ||= before.isCut !== isCut || before.delayMs !== delayMs;
      this.known.set(name, { isCut, delayMs });
    }
    return isChanged;
  }

  private async set(cluster: string, verb: "cut" | "slow", body: unknown): Promise<void> {
    const { isCut, delayMs } = (await this.call("POST", `/clusters/${cluster}/${verb}`, body)) as Faults;
    this.known.set(cluster, { isCut, delayMs });
  }

  private async call(method: string, where: string, body?: unknown): Promise<unknown> {
    try {
      const url = readFileSync(path.join(this.dir, "control-url"), "utf8").trim();
      const token = readFileSync(path.join(this.dir, "control-token"), "utf8").trim();
      const response = await fetch(`${url}${where}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`the sandbox answered ${response.status}: ${await response.text()}`);
      return await response.json();
    } catch (cause) {
      throw new DomainError(
        "cluster.unreachable",
        "The sandbox process does not answer. It is started again by itself: try in a moment.",
        {
          retry: "backoff",
          cause,
        },
      );
    }
  }
}
