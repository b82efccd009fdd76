import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Database } from "@openpatio/db";
import type { Fleet } from "../clusters/fleet.ts";
import { insertCluster, loadClusters, removeCluster, replaceKubeconfig } from "../clusters/repo.ts";
import type { Vault } from "../clusters/vault.ts";
import type { Logger } from "../log.ts";
import type { SandboxControl } from "./control.ts";

const SUFFIX = ".kubeconfig";
const LOOK_MS = 2_000;

export type SandboxMembersOptions = {
  readonly dir: string;
  readonly db: Database;
  readonly vault: Vault;
  readonly fleet: Fleet;
  readonly control: SandboxControl;
  /** Faults are part of what is drawn. */
  readonly onFaults: () => void;
  readonly log: Logger;
  readonly nowMs: () => number;
};

/**
 * The sandbox's clusters register themselves: one per `<name>.kubeconfig` in its folder. The folder is looked at again
 * and again, because the sandbox may start after us, or come back on another port.
 */
export class SandboxMembers {
  private readonly options: SandboxMembersOptions;
  private readonly texts = new Map<string, string>();
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;

  constructor(options: SandboxMembersOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      this.options.log.warn({ err: error }, "sandbox clusters not registered");
    }
    // A sandbox that is just starting has no control endpoint yet; the next look asks again.
    if (await this.options.control.refresh().catch(() => false)) this.options.onFaults();
    if (!this.isStopped) this.timer = setTimeout(() => void this.start(), LOOK_MS);
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    for (const name of namesIn(this.options.dir)) {
      const text = readFileSync(path.join(this.options.dir, `${name}${SUFFIX}`), "utf8");
      if (this.texts.get(name) === text) continue;
      await this.register(name, text);
      this.texts.set(name, text);
    }
  }

  private async register(name: string, kubeconfig: string): Promise<void> {
    const { db, vault, fleet, log, nowMs } = this.options;
    const row = (await loadClusters(db)).find((known) => known.name === name);
    if (row !== undefined && !row.isSimulated) {
      log.warn({ cluster: name }, "a real cluster has the name of a sandbox cluster, which is left out");
      return;
    }
    const sealed = new Uint8Array(vault.seal(name, kubeconfig));
    if (row === undefined) {
      const registered = {
        name,
        kubeconfig: sealed,
        context: null,
        isSimulated: true,
        registeredAt: new Date(nowMs()),
        labels: {},
      };
      await insertCluster(db, registered);
      fleet.join({ ...registered, placementVersion: 0, lostMs: null, removal: null });
    } else if (!isSame(vault, name, row.kubeconfig, kubeconfig) || fleet.get(name) === null) {
      await replaceKubeconfig(db, name, sealed);
      await fleet.replace({ ...row, kubeconfig: sealed });
    }
  }
}

/** Clusters of a sandbox that is switched off are not members, unless a set is there: then they are shown unreachable. */
export async function removeSandboxMembers(db: Database, isUsed: (cluster: string) => boolean): Promise<void> {
  for (const row of await loadClusters(db)) if (row.isSimulated && !isUsed(row.name)) await removeCluster(db, row.name);
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => file.slice(0, -SUFFIX.length))
      .sort();
  } catch {
    return []; // not started yet
  }
}

/** A kubeconfig sealed with a key that was lost since counts as another one. */
function isSame(vault: Vault, name: string, sealed: Uint8Array, text: string): boolean {
  try {
    return vault.open(name, sealed) === text;
  } catch {
    return false;
  }
}
