import os from "node:os";
import path from "node:path";
import { z } from "zod";

const Environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  DATABASE_URL: z.string().min(1, "a Postgres URL"),
  OPENPATIO_DATA: z.string().min(1).default(".data"),
  OPENPATIO_SANDBOX: z.enum(["on", "off"]).default("on"),
  OPENPATIO_SANDBOX_DIR: z.string().min(1).optional(),
  OPENPATIO_NAMESPACES: z.string().min(1).optional(),
  OPENPATIO_WEB: z.enum(["on", "off"]).default("on"),
  OPENPATIO_KEY: z.string().min(1).optional(),
  OPENPATIO_LOG: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
  NODE_ENV: z.string().optional(),
});

export type Config = {
  readonly port: number;
  /** Loopback: there is no sign-in, so nobody but this machine may reach it. */
  readonly host: "127.0.0.1";
  readonly databaseUrl: string;
  readonly dataDir: string;
  /** Where the sandbox leaves its kubeconfigs; null when there is no sandbox. */
  readonly sandboxDir: string | null;
  /** Namespaces in which sets that are applied with kubectl are followed; null: all. */
  readonly namespaces: readonly string[] | null;
  readonly hasWeb: boolean;
  /** Base64 of 32 bytes that encrypt kubeconfigs; null: a key file in the data folder. */
  readonly key: string | null;
  readonly logLevel: string;
  readonly isDev: boolean;
  /** Named in the timeline of the lease. */
  readonly hostName: string;
};

/** Errors: Error that names every variable that is wrong. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`The environment is not right.\n  ${problems.join("\n  ")}`);
  }
  const env = parsed.data;
  const dataDir = path.resolve(env.OPENPATIO_DATA);
  return {
    port: env.PORT,
    host: "127.0.0.1",
    databaseUrl: env.DATABASE_URL,
    dataDir,
    sandboxDir: env.OPENPATIO_SANDBOX === "off" ? null : (env.OPENPATIO_SANDBOX_DIR ?? path.join(dataDir, "sandbox")),
    namespaces: env.OPENPATIO_NAMESPACES?.split(",").map((name) => name.trim()) ?? null,
    hasWeb: env.OPENPATIO_WEB === "on",
    key: env.OPENPATIO_KEY ?? null,
    logLevel: env.OPENPATIO_LOG,
    isDev: env.NODE_ENV === "development",
    hostName: os.hostname(),
  };
}
