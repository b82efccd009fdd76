import pg from "pg";

export type SessionLock = {
  /** Runs once when the session is gone and with it the lock. */
  onLost(listener: () => void): void;
  release(): Promise<void>;
};

/**
 * Takes an advisory lock that lives exactly as long as one database connection: when the holder's process dies,
 * Postgres frees it at once. Null when somebody else holds it.
 */
export async function acquireSessionLock(url: string, name: string): Promise<SessionLock | null> {
  const client = new pg.Client({ connectionString: url, keepAlive: true, connectionTimeoutMillis: 5000 });
  const listeners = new Set<() => void>();
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    for (const listener of listeners) listener();
  };
  client.on("error", end);
  client.on("end", end);
  let isTaken = false;
  try {
    await client.connect();
    const { rows } = await client.query<{ ok: boolean }>("select pg_try_advisory_lock(hashtext($1)) as ok", [name]);
    isTaken = rows[0]?.ok === true;
  } finally {
    if (!isTaken) await client.end();
  }
  if (!isTaken) return null;
  return {
    onLost: (listener) => {
      if (isOver) listener();
      else listeners.add(listener);
    },
    release: async () => {
      listeners.clear();
      await client.end();
    },
  };
}
