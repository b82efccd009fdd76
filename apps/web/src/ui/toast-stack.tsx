"use client";

import { Toast as Base } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { useEffect } from "react";
import { IconButton } from "./button.tsx";
import styles from "./toast.module.css";
import { drawToasts } from "./toast.tsx";

/** Long enough to read and to reach "Undo". */
const TIMEOUT_MS = 7_000;

export function ToastStack() {
  return (
    <Base.Provider limit={4}>
      <Base.Portal>
        <Base.Viewport className={styles.viewport}>
          <ToastList />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function ToastList() {
  const { toasts, add, close } = Base.useToastManager();
  useEffect(() => {
    drawToasts(({ title, description, undo, timeoutMs = TIMEOUT_MS, kind = "done" }) => {
      const id = add({
        title,
        description,
        timeout: timeoutMs,
        type: kind,
        priority: kind === "error" ? "high" : "low",
        ...(undo !== undefined && {
          actionProps: {
            children: "Undo",
            onClick: () => {
              close(id);
              undo();
            },
          },
        }),
      });
    });
  }, [add, close]);
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
