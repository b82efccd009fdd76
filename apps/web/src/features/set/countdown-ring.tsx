"use client";

import { useNow } from "#lib/clock.ts";
import styles from "./panel.module.css";

const RADIUS = 11.5;
const LENGTH = 2 * Math.PI * RADIUS;

/** How much of a wait is over, in steps of a second. The words beside it say the same. */
export function CountdownRing({ sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number }) {
  const nowMs = useNow();
  const whole = Math.max(1, untilMs - sinceMs);
  const left = nowMs === null ? 1 : Math.max(0, Math.min(1, (untilMs - nowMs) / whole));
  return (
    <svg className={styles.ring} viewBox="0 0 28 28" aria-hidden>
      <circle cx="14" cy="14" r={RADIUS} />
      <circle cx="14" cy="14" r={RADIUS} strokeDasharray={LENGTH} strokeDashoffset={LENGTH * (1 - left)} />
    </svg>
  );
}
