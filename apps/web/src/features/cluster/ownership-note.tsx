import type { ClusterDetail } from "@openpatio/core/view";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { Note } from "#ui/note.tsx";
import { Countdown, RelativeTime } from "#ui/time.tsx";
import styles from "./cluster-page.module.css";

/** Whose the cluster is, where that is not simply ours, and the way to take it over. */
export function OwnershipNote({ detail }: { readonly detail: ClusterDetail }) {
  const [isAsking, setAsking] = useState(false);
  const { state, owner, beginsAtMs, message } = detail.ownership;
  if (message === null || state === "unknown" || state === "unconfirmed") return null;
  return (
    <div className={styles.ownership}>
      <Note
        state={state === "foreign" ? "failed" : state === "pausing" ? "updating" : "pending"}
        icon={<KeyRound size={14} strokeWidth={1.75} aria-hidden />}
      >
        {message}
        {state === "foreign" && owner !== null && owner.lastRenewedMs !== null && (
          <>
            {" "}
            Last renewed <RelativeTime atMs={owner.lastRenewedMs} form="full" /> ago.
          </>
        )}
        {beginsAtMs !== null && (
          <>
            {" "}
            Work begins in <Countdown untilMs={beginsAtMs} />.
          </>
        )}
      </Note>
      {state === "foreign" && <Button onClick={() => setAsking(true)}>Take over…</Button>}
      <TakeOverDialog detail={detail} isOpen={isAsking} onOpenChange={setAsking} />
    </div>
  );
}

type TakeOverDialogProps = {
  readonly detail: ClusterDetail;
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
};

function TakeOverDialog({ detail, isOpen, onOpenChange }: TakeOverDialogProps) {
  const api = useTRPCClient();
  const { owner } = detail.ownership;
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      title={
        <>
          Take over <span className="mono">{detail.name}</span>
        </>
      }
      description={
        <>
          {owner?.name ?? "The other control plane"} stops there as soon as it notices, within 15 seconds. This one
          begins 30 seconds after it has written the Lease, or at once when the other one has been silent for a minute.
        </>
      }
      confirmLabel="Take over"
      isDanger
      onConfirm={() => api.clusters.takeOver.mutate({ name: detail.name })}
    >
      <ul className={styles.consequences}>
        {owner?.isCopy === true && (
          <li>
            Both run on states of one database. From then on only what this one knows counts: changes that were made
            with the other one since are undone.
          </li>
        )}
        <li>Groups that this control plane has placed there are looked after again.</li>
        <li>Sets that only the other one knows keep running there, and nobody looks after them.</li>
        <li>It can be taken back there in the same way.</li>
      </ul>
    </ConfirmDialog>
  );
}
