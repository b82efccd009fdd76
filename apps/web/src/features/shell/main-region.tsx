"use client";

import type { ReactNode } from "react";
import { useNow } from "#lib/clock.ts";
import { formatClock, formatDuration } from "#lib/format.ts";
import { type Connection, useConnection } from "#lib/live.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import styles from "./app-shell.module.css";

/** A page that has not connected yet is silent for this long. */
const PATIENCE_MS = 2_000;

/** The page. While the connection is lost it says so on top and hatches everything it shows. */
export function MainRegion({ children }: { readonly children: ReactNode }) {
  const connection = useConnection();
  return (
    <main
      id="main"
      className={styles.main}
      tabIndex={-1}
      data-stale={connection.status === "reconnecting" || undefined}
    >
      {connection.status !== "live" && <ConnectionBanner connection={connection} />}
      {children}
    </main>
  );
}

function ConnectionBanner({ connection }: { readonly connection: Connection }) {
  const nowMs = useNow();
  const { status, sinceMs, lastEventMs } = connection;
  if (nowMs === null || sinceMs === null) return null;
  if (status === "connecting") {
    if (nowMs - sinceMs < PATIENCE_MS) return null;
    return (
      <output className={styles.banner}>
        <StateGlyph state="starting" />
        <span>Waiting for the server for {formatDuration(nowMs - sinceMs)}. It is tried again by itself.</span>
      </output>
    );
  }
  return (
    <output className={styles.banner}>
      <StateGlyph state="stale" />
      <span>
        No contact with the server for {formatDuration(nowMs - sinceMs)}.{" "}
        {lastEventMs !== null && `Shown as it was at ${formatClock(lastEventMs)} UTC. `}
        It is tried again by itself.
      </span>
    </output>
  );
}
