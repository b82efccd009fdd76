"use client";

import type { ClusterDetail } from "@openpatio/core/view";
import { useState } from "react";
import { labelsText, parseLabels } from "#features/clusters/labels-text.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { Field, Textarea } from "#ui/field.tsx";
import { showToast } from "#ui/toast.tsx";

type LabelsDialogProps = {
  readonly detail: ClusterDetail;
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
};

/** Labels by which sets choose their clusters. */
export function LabelsDialog({ detail, isOpen, onOpenChange }: LabelsDialogProps) {
  const api = useTRPCClient();
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? labelsText(detail.labels);
  const parsed = parseLabels(text);
  const problem = "problem" in parsed ? parsed.problem : null;
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onOpenChange={(open) => {
        setTyped(null);
        onOpenChange(open);
      }}
      title={
        <>
          Labels of <span className="mono">{detail.name}</span>
        </>
      }
      description="Sets may choose their clusters by labels (placement.clusters.selector). Groups that run stay where they are; what is placed next follows the new labels."
      confirmLabel="Save labels"
      offReason={problem ?? (text === labelsText(detail.labels) ? "Nothing is changed" : null)}
      onConfirm={async () => {
        if (!("labels" in parsed)) return;
        await api.clusters.update.mutate({ name: detail.name, labels: parsed.labels });
        showToast({ title: `${detail.name} has new labels` });
      }}
    >
      <Field label="Labels" hint="One a line, e.g. region=eu" error={problem}>
        <Textarea isMono rows={5} spellCheck={false} value={text} onChange={(event) => setTyped(event.target.value)} />
      </Field>
    </ConfirmDialog>
  );
}
