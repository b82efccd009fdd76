export declare function startPostgres(options: {
  readonly dataDir: string;
  readonly database?: string;
  /** Extra arguments for `postgres`, e.g. `["-c", "fsync=off"]` in tests. */
  readonly flags?: readonly string[];
}): Promise<{ readonly url: string; readonly isAdopted: boolean; stop(): Promise<void> }>;
