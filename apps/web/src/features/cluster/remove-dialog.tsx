"use client";

import type { ClusterDetail } from "@openpatio/core/view";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { showToast } from "#ui/toast.tsx";
import styles from "./cluster-page.module.css";

type RemoveDialogProps = {
  readonly detail: ClusterDetail;
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
};

/** Removing is refused while groups are placed there, unless it is said that they may stay behind. */
export function RemoveDialog({ detail, isOpen, onOpenChange }: RemoveDialogProps) {
  const api = useTRPCClient();
  const router = useRouter();
  const [isLeaving, setLeaving] = useState(false);
  const isUsed = detail.groups > 0;
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onOpenChange={(open) => {
        setLeaving(false);
        onOpenChange(open);
      }}
      title={
        <>
          Remove <span className="mono">{detail.name}</span>
        </>
      }
      description={
        isUsed
          ? `${formatPlural(detail.groups, "group")} placed here. Delete those sets first and wait until they are gone, or leave their objects behind: they stay on the cluster, and nothing looks after them any more.`
          : "Its kubeconfig is forgotten and it is no longer watched. Nothing on the cluster is changed."
      }
      confirmLabel="Remove cluster"
      isDanger
      typedName={detail.name}
      onConfirm={async () => {
        const { leftBehind } = await api.clusters.remove.mutate({ name: detail.name, leaveBehind: isLeaving });
        showToast({
          title: `Removed ${detail.name}`,
          ...(leftBehind.length > 0 && { description: `Left behind: ${leftBehind.join(", ")}` }),
        });
        router.push("/clusters");
      }}
    >
      {isUsed && (
        <label className={styles.leave}>
          <input type="checkbox" checked={isLeaving} onChange={(event) => setLeaving(event.target.checked)} />
          Leave its objects behind
        </label>
      )}
    </ConfirmDialog>
  );
}
