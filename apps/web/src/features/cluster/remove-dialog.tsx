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

type Groups = "orphan" | "delete" | "move" | "forget";

const WAYS: readonly { readonly groups: Groups; readonly text: string; readonly needsAnswer: boolean }[] = [
  { groups: "move", text: "Move them to other clusters of their sets, then remove it", needsAnswer: true },
  {
    groups: "orphan",
    text: "Keep them running without OpenPatio: our labels and owners are taken off",
    needsAnswer: true,
  },
  {
    groups: "delete",
    text: "Stop and delete them here; sets that have no other cluster are deleted",
    needsAnswer: true,
  },
  {
    groups: "forget",
    text: "Forget it at once: what is there stays as it is, and nothing looks after it",
    needsAnswer: false,
  },
];

/** Asks what becomes of the groups that are placed there; where the cluster does not answer it can only be forgotten. */
export function RemoveDialog({ detail, isOpen, onOpenChange }: RemoveDialogProps) {
  const api = useTRPCClient();
  const router = useRouter();
  const isLive = detail.health === "live";
  const [chosen, setChosen] = useState<Groups>("move");
  const groups = isLive ? chosen : "forget";
  const isUsed = detail.groups > 0;
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onOpenChange={(open) => {
        setChosen("move");
        onOpenChange(open);
      }}
      title={
        <>
          Remove <span className="mono">{detail.name}</span>
        </>
      }
      description={
        isUsed
          ? `${formatPlural(detail.groups, "group")} placed here. The cluster is removed when they have left it.`
          : "Its kubeconfig is forgotten and it is no longer watched. Nothing on the cluster is changed."
      }
      confirmLabel="Remove cluster"
      isDanger
      typedName={detail.name}
      onConfirm={async () => {
        const { isUnderWay, leftBehind } = await api.clusters.remove.mutate({
          name: detail.name,
          ...(isUsed && { groups }),
        });
        showToast({
          title: isUnderWay ? `${detail.name} is removed when its groups have left` : `Removed ${detail.name}`,
          ...(leftBehind.length > 0 && { description: `Left behind: ${leftBehind.join(", ")}` }),
        });
        router.push("/clusters");
      }}
    >
      {isUsed && (
        <fieldset className={styles.leaving}>
          <legend>What becomes of them</legend>
          {WAYS.filter(({ needsAnswer }) => isLive || !needsAnswer).map((way) => (
            <label key={way.groups} className={styles.leave}>
              <input
                type="radio"
                name="groups"
                checked={groups === way.groups}
                onChange={() => setChosen(way.groups)}
              />
              {way.text}
            </label>
          ))}
        </fieldset>
      )}
    </ConfirmDialog>
  );
}
