"use client";

import { Dialog as Base } from "@base-ui/react/dialog";
import { type CSSProperties, type ReactNode, useState } from "react";
import { type ApiFailure, toFailure } from "#lib/errors.ts";
import { Button } from "./button.tsx";
import styles from "./dialog.module.css";
import { Field, Input } from "./field.tsx";
import { ProblemList } from "./problem-list.tsx";

type DialogProps = {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children?: ReactNode;
  /** Buttons; the last one is what the dialog is for. */
  readonly actions: ReactNode;
  readonly widthPx?: number;
};

export function Dialog({ isOpen, onOpenChange, title, description, children, actions, widthPx = 420 }: DialogProps) {
  return (
    <Base.Root open={isOpen} onOpenChange={(open) => onOpenChange(open)}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={styles.popup} style={{ "--width": `${widthPx}px` } as CSSProperties}>
          <div className={styles.head}>
            <Base.Title className={styles.title}>{title}</Base.Title>
            {description !== undefined && (
              <Base.Description className={styles.description}>{description}</Base.Description>
            )}
          </div>
          <div className={styles.body}>{children}</div>
          <div className={styles.foot}>{actions}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

type ConfirmDialogProps = {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly title: ReactNode;
  /** What will happen, to what, and what stays. */
  readonly description: ReactNode;
  readonly children?: ReactNode;
  /** The verb, e.g. "Drain node". */
  readonly confirmLabel: string;
  readonly isDanger?: boolean;
  /** Has to be typed before the button works: for what cannot be undone. */
  readonly typedName?: string;
  /** Why it can't be confirmed yet; null when it can. */
  readonly offReason?: string | null;
  /** The dialog stays open and shows the failure when it rejects. */
  readonly onConfirm: () => Promise<unknown>;
};

export function ConfirmDialog({
  isOpen,
  onOpenChange,
  title,
  description,
  children,
  confirmLabel,
  isDanger = false,
  typedName,
  offReason = null,
  onConfirm,
}: ConfirmDialogProps) {
  const [typed, setTyped] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure | null>(null);

  const change = (open: boolean) => {
    setTyped("");
    setFailure(null);
    onOpenChange(open);
  };
  const confirm = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await onConfirm();
      change(false);
    } catch (error) {
      setFailure(toFailure(error));
    } finally {
      setBusy(false);
    }
  };
  const reason = isBusy
    ? "Waiting for the server"
    : typedName !== undefined && typed !== typedName
      ? `Type ${typedName} first`
      : offReason;

  return (
    <Dialog
      isOpen={isOpen}
      onOpenChange={change}
      title={title}
      description={description}
      actions={
        <>
          <Button onClick={() => change(false)}>Cancel</Button>
          <Button kind={isDanger ? "danger" : "primary"} disabledReason={reason} onClick={() => void confirm()}>
            {confirmLabel}
          </Button>
        </>
      }
    >
      {children}
      {typedName !== undefined && (
        <Field
          label={
            <>
              Type <span className="mono strong">{typedName}</span> to confirm
            </>
          }
        >
          <Input isMono value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
        </Field>
      )}
      {failure !== null && <ProblemList failure={failure} />}
    </Dialog>
  );
}
