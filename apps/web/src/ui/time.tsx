"use client";

import { useNow } from "#lib/clock.ts";
import {
  formatAge,
  formatClock,
  formatClockMinute,
  formatCountdown,
  formatDuration,
  formatExact,
} from "#lib/format.ts";

type RelativeTimeProps = {
  readonly atMs: number;
  /** `full` has two units ("8 min 18 s"), `short` one ("8 min"). */
  readonly form?: "full" | "short";
  readonly className?: string | undefined;
};

/** How long ago, counting; the exact time on hover. */
export function RelativeTime({ atMs, form = "short", className }: RelativeTimeProps) {
  const nowMs = useNow();
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatExact(atMs)} className={className}>
      {nowMs === null ? formatClock(atMs) : form === "full" ? formatDuration(nowMs - atMs) : formatAge(nowMs - atMs)}
    </time>
  );
}

/** Time left until then, counting down at 1 Hz. */
export function Countdown({ untilMs }: { readonly untilMs: number }) {
  const nowMs = useNow();
  return (
    <time dateTime={new Date(untilMs).toISOString()} title={formatExact(untilMs)} className="strong">
      {nowMs === null ? formatClock(untilMs) : formatCountdown(untilMs - nowMs)}
    </time>
  );
}

/** Clock time in UTC; date and seconds on hover. */
export function ClockTime({ atMs, className }: { readonly atMs: number; readonly className?: string | undefined }) {
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatExact(atMs)} className={className}>
      {formatClockMinute(atMs)}
    </time>
  );
}
