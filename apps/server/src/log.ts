import { mkdirSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import { type Logger, pino } from "pino";

export type { Logger };

/** A log file above this is put aside (one generation) when the server starts. */
const MAX_LOG_BYTES = 20 * 1024 * 1024;

/** Keys whose values never reach a log, at any depth that our own calls use. */
const REDACTED = ["kubeconfig", "token", "password", "authorization", "cookie", "env", "yaml"].flatMap((key) => [
  key,
  `*.${key}`,
  `*.*.${key}`,
]);

/** Structured log in `<dataDir>/logs/server.log`; fatal lines go to the terminal too. */
export function openLog(dataDir: string, level: string): Logger {
  const file = path.join(dataDir, "logs", "server.log");
  mkdirSync(path.dirname(file), { recursive: true });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(file, `${file}.1`);
  const streams = [
    { level: "trace" as const, stream: pino.destination({ dest: file, sync: false }) },
    { level: "fatal" as const, stream: process.stderr },
  ];
  return pino({ level, redact: { paths: REDACTED, censor: "(redacted)" } }, pino.multistream(streams));
}

export const silentLog = (): Logger => pino({ level: "silent" });
