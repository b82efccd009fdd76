"use client";

import { Toast as Base } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { toFailure } from "#lib/errors.ts";
import { IconButton } from "./button.tsx";
import styles from "./toast.module.css";

const manager = Base.createToastManager();

export type ToastOptions = {
  readonly title: string;
  readonly description?: string;
  /** Takes back what was just done. */
  readonly undo?: () => void;
  /** 0 keeps it until it is closed. */
  readonly timeoutMs?: number;
  readonly kind?: "done" | "error";
};

/** Long enough to read and to reach "Undo". */
const TIMEOUT_MS = 7_000;

export function showToast({ title, description, undo, timeoutMs = TIMEOUT_MS, kind = "done" }: ToastOptions): void {
  const id = manager.add({
    title,
    description,
    timeout: timeoutMs,
    type: kind,
    priority: kind === "error" ? "high" : "low",
    ...(undo !== undefined && {
      actionProps: {
        children: "Undo",
        onClick: () => {
          manager.close(id);
          undo();
        },
      },
    }),
  });
}

/** For a failed act that has no place of its own on the page: the server's sentence and the first problem's. */
export function showFailure(title: string, error: unknown): void {
  const failure = toFailure(error);
  const first = failure.problems[0];
  const detail = first === undefined || first.message === failure.message ? "" : ` ${first.message}`;
  showToast({ title, description: `${failure.message}${detail}`, kind: "error", timeoutMs: 15_000 });
}

export function Toaster() {
  return (
    <Base.Provider toastManager={manager} limit={4}>
      <Base.Portal>
        <Base.Viewport className={styles.viewport}>
          <ToastList />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function ToastList() {
  const { toasts } = Base.useToastManager();
  return toasts.map((toast) => (
    <Base.Root key={toast.id} toast={toast} className={styles.toast}>
      <Base.Content className={styles.content}>
        <div className={styles.words}>
          <Base.Title className={styles.title} />
          <Base.Description className="small ink-2" />
        </div>
        <Base.Action className={styles.action} />
        <Base.Close
          render={
            <IconButton label="Dismiss" size="dense">
              <X aria-hidden />
            </IconButton>
          }
        />
      </Base.Content>
    </Base.Root>
  ));
}
