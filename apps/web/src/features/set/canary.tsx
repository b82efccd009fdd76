"use client";

import type { SetDetail } from "@openpatio/core/view";
import { ChevronsUp } from "lucide-react";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { Stepper } from "#ui/stepper.tsx";
import { showToast } from "#ui/toast.tsx";
import styles from "./set.module.css";

type CanaryProps = { readonly detail: SetDetail; readonly offReason: string | null };

/** How far a revision goes: groups from an index up have it, and it is promoted to more of them, or to all. */
export function Canary({ detail, offReason }: CanaryProps) {
  const client = useTRPCClient();
  const { rollout } = detail;
  const [wish, setWish] = useState<number | null>(null);
  const [asked, setAsked] = useState<number | null>(null);
  if (rollout.partition === 0) return null;
  const partition = wish ?? rollout.partition;
  const isMoved = partition !== rollout.partition;
  const gained = Math.min(rollout.heldBack, Math.max(0, Math.min(rollout.partition, detail.replicas) - (asked ?? 0)));
  return (
    <div className={styles.canary}>
      {rollout.partitionMessage !== null && <p>{rollout.partitionMessage}</p>}
      <div className={styles.canaryActions}>
        <span>From group</span>
        <Stepper
          label="first group that takes the new revision"
          size="dense"
          value={partition}
          max={Math.max(detail.replicas, rollout.partition)}
          disabled={offReason !== null}
          onChange={setWish}
        />
        <Button
          size="dense"
          disabledReason={offReason ?? (isMoved ? null : "The partition is there already")}
          onClick={() => setAsked(partition)}
        >
          Move partition…
        </Button>
        <Button size="dense" kind="primary" disabledReason={offReason} onClick={() => setAsked(0)}>
          <ChevronsUp aria-hidden />
          Promote to all…
        </Button>
      </div>
      <ConfirmDialog
        isOpen={asked !== null}
        onOpenChange={(isOpen) => {
          if (!isOpen) setAsked(null);
        }}
        title={asked === 0 ? `Promote revision ${rollout.target} to all groups` : `Move the partition to ${asked ?? 0}`}
        description={
          asked !== null && asked > rollout.partition
            ? `Groups below ${asked} keep the revision that they run, also those that have the new one already. Nothing restarts for it.`
            : gained === 0
              ? `No group has to change now: the next revision goes to groups from ${asked ?? 0} up.`
              : `${formatPlural(gained, "group")} more ${gained === 1 ? "goes" : "go"} to revision ${rollout.target}, highest index first, at most ${rollout.maxUnavailable} down at a time. Each stops completely and starts in order.`
        }
        confirmLabel={asked === 0 ? "Promote" : "Move partition"}
        onConfirm={async () => {
          const to = asked ?? 0;
          await client.rollouts.promote.mutate({ ...keyOf(detail), partition: to });
          setWish(null);
          showToast({
            title: to === 0 ? `Revision ${rollout.target} goes to all groups` : `The partition is ${to}`,
            description: "The rollout follows below.",
          });
        }}
      />
    </div>
  );
}
