import type { ClusterDetail } from "@openpatio/core/view";

export type Faults = NonNullable<ClusterDetail["faults"]>;

/** Faults that are not objects in a cluster: its network. */
export interface SandboxControl {
  /** As last set or read; null when the cluster is not of the sandbox. */
  faults(cluster: string): Faults | null;
  cut(cluster: string, isCut: boolean): Promise<void>;
  slow(cluster: string, delayMs: number): Promise<void>;
  /** Reads what is in force, which others may have changed. True when it differs from what was known. */
  refresh(): Promise<boolean>;
}

/** For a server without a sandbox: no cluster is simulated, so nothing gets this far. */
export const noSandbox: SandboxControl = {
  faults: () => null,
  cut: () => Promise.reject(new Error("there is no sandbox")),
  slow: () => Promise.reject(new Error("there is no sandbox")),
  refresh: () => Promise.resolve(false),
};
