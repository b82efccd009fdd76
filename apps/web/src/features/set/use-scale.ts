"use client";

import { useEffect, useRef, useState } from "react";
import { type SetKey } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { showFailure, showToast } from "#ui/toast.tsx";

/** A burst of clicks becomes one request after this pause. */
const BURST_MS = 450;
/** How long a wanted number is shown before the server's own, if that never arrives. */
const SETTLE_MS = 4_000;

export type ScaleTarget = {
  readonly set: SetKey;
  /** Null: the number of groups. */
  readonly role: string | null;
};

export type ScaleControl = {
  /** What the person wants: ahead of the server while a request is under way. */
  readonly value: number;
  readonly want: (value: number) => void;
  /** Set while a change to zero groups waits to be confirmed. */
  readonly zeroFrom: number | null;
  readonly confirmZero: () => Promise<void>;
  readonly cancelZero: () => void;
};

/** Click to scale: shown at once, sent after the burst, taken back on refusal, with an undo for seven seconds. */
export function useScale({ set, role }: ScaleTarget, serverValue: number): ScaleControl {
  const client = useTRPCClient();
  const [wanted, setWanted] = useState<number | null>(null);
  const [zeroFrom, setZeroFrom] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const burst = useRef<{ readonly from: number; value: number } | null>(null);

  function stop(): void {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
  }

  async function send(from: number, to: number, isUndo: boolean): Promise<void> {
    setWanted(to);
    await client.sets.scale.mutate({ ...set, ...(role === null ? {} : { role }), replicas: to });
    showToast({
      title: isUndo ? `${role ?? "Groups"}: back to ${to}` : `${role ?? "Groups"}: ${from} to ${to}`,
      description:
        role === null ? `${set.name} asks for ${to} groups.` : `${to} pods of ${role} in every group of ${set.name}.`,
      ...(isUndo ? {} : { undo: () => void sendOrReport(to, from, true) }),
    });
    stop();
    timer.current = setTimeout(() => setWanted(null), SETTLE_MS);
  }

  async function sendOrReport(from: number, to: number, isUndo: boolean): Promise<void> {
    try {
      await send(from, to, isUndo);
    } catch (error) {
      setWanted(null);
      showFailure(`${role ?? "Groups"} stays at ${from}`, error);
    }
  }

  function want(value: number): void {
    stop();
    burst.current = { from: burst.current?.from ?? serverValue, value };
    setWanted(value);
    timer.current = setTimeout(() => {
      const done = burst.current;
      burst.current = null;
      timer.current = null;
      if (done === null || done.value === done.from) setWanted(null);
      else if (role === null && done.value === 0) setZeroFrom(done.from);
      else void sendOrReport(done.from, done.value, false);
    }, BURST_MS);
  }

  useEffect(() => {
    // The server says what was wanted: from here on its number is shown, also when somebody else changes it.
    if (wanted !== null && serverValue === wanted && burst.current === null) setWanted(null);
  }, [serverValue, wanted]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );

  return {
    value: wanted ?? serverValue,
    want,
    zeroFrom,
    confirmZero: () => send(zeroFrom ?? serverValue, 0, false),
    cancelZero: () => {
      setZeroFrom(null);
      if (burst.current === null) setWanted((before) => (before === 0 && timer.current === null ? null : before));
    },
  };
}
