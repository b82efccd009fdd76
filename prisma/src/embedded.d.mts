export declare function startPostgres(options: {
  readonly dataDir: string;
  readonly database?: string;
  /** Extra arguments for `postgres`, e.g. `["-c", "fsync=off"]` in tests. */
  readonly flags?: readonly string[];
  /** Taken if it is free. */
  readonly port?: number;
}): Promise<{
  readonly url: string;
  readonly port: number;
  readonly isAdopted: boolean;
  stop(): Promise<void>;
  /** Runs once when the postmaster is gone, whoever ended it. */
  onExit(listener: () => void): void;
}>;
