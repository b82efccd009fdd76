"use client";

import { Skull, TriangleAlert, Unplug, Waypoints, Wrench } from "lucide-react";
import { useState } from "react";
import { useLiveEntry } from "#lib/live.ts";
import { clusterTopic } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { Select } from "#ui/field.tsx";
import { SimulatedTag } from "#ui/layout.tsx";
import { showFailure, showToast } from "#ui/toast.tsx";
import styles from "./sandbox-bar.module.css";
import { DrainDialog, FailContainerDialog, KillPodDialog } from "./sandbox-dialogs.tsx";

type SandboxBarProps = {
  readonly cluster: string;
  /** Offers only this set's pods. */
  readonly set?: { readonly namespace: string; readonly name: string };
};

const DELAYS_MS = [0, 200, 1_000, 5_000] as const;

/**
 * Rehearse trouble on a simulated cluster. Draws nothing for a real one; the server refuses these acts there as well.
 */
export function SandboxBar({ cluster, set }: SandboxBarProps) {
  const api = useTRPCClient();
  const detail = useLiveEntry(clusterTopic(cluster), "cluster");
  const [dialog, setDialog] = useState<"kill" | "fail" | "drain" | null>(null);
  if (detail === undefined || !detail.isSimulated) return null;
  const isCut = detail.faults?.isCut ?? false;
  const delayMs = detail.faults?.delayMs ?? 0;
  const close = () => setDialog(null);

  const cut = async (isNowCut: boolean) => {
    try {
      await api.sandbox.cut.mutate({ cluster, cut: isNowCut });
      showToast(
        isNowCut
          ? {
              title: `Cut off ${cluster}`,
              description: "Its pods go on; nobody hears of them.",
              undo: () => void cut(false),
            }
          : { title: `Reconnected ${cluster}` },
      );
    } catch (error) {
      showFailure(`Could not change the network of ${cluster}`, error);
    }
  };
  const slow = async (nextMs: number) => {
    try {
      await api.sandbox.slow.mutate({ cluster, delayMs: nextMs });
      showToast({
        title: nextMs === 0 ? `${cluster} answers at once` : `${cluster} answers after ${nextMs / 1_000} s`,
        undo: () => void slow(delayMs),
      });
    } catch (error) {
      showFailure(`Could not slow down ${cluster}`, error);
    }
  };

  return (
    <section className={styles.bar} aria-label={`Sandbox: rehearse trouble on ${cluster}`}>
      <span className={styles.says}>
        <SimulatedTag />
        <span>
          <span className="mono">{cluster}</span> is not a real cluster. Rehearse trouble:
        </span>
        {isCut && <span className={styles.faults}>cut off</span>}
        {delayMs > 0 && <span className={styles.faults}>slowed by {delayMs / 1_000} s</span>}
      </span>
      <div className={styles.acts}>
        <Button size="dense" onClick={() => setDialog("kill")}>
          <Skull aria-hidden />
          Kill a pod…
        </Button>
        <Button size="dense" onClick={() => setDialog("fail")}>
          <TriangleAlert aria-hidden />
          Fail a container…
        </Button>
        {set === undefined && (
          <Button size="dense" onClick={() => setDialog("drain")}>
            <Wrench aria-hidden />
            Drain a node…
          </Button>
        )}
        <Button size="dense" onClick={() => void cut(!isCut)}>
          {isCut ? <Waypoints aria-hidden /> : <Unplug aria-hidden />}
          {isCut ? "Reconnect" : "Cut off"}
        </Button>
        <label className={styles.slowLabel}>
          Delay
          <Select
            density="dense"
            className={styles.slow}
            value={delayMs}
            onChange={(event) => void slow(Number(event.target.value))}
          >
            {withCurrent(delayMs).map((ms) => (
              <option key={ms} value={ms}>
                {ms === 0 ? "none" : `${ms / 1_000} s`}
              </option>
            ))}
          </Select>
        </label>
      </div>
      {dialog === "kill" && <KillPodDialog cluster={cluster} set={set} onClose={close} />}
      {dialog === "fail" && <FailContainerDialog cluster={cluster} set={set} onClose={close} />}
      {dialog === "drain" && <DrainDialog cluster={cluster} onClose={close} />}
    </section>
  );
}

/** The delay may have been set by other means. */
function withCurrent(delayMs: number): readonly number[] {
  return DELAYS_MS.some((ms) => ms === delayMs) ? DELAYS_MS : [...DELAYS_MS, delayMs].toSorted((a, b) => a - b);
}
