"use client";

import { Menu as Base } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";
import styles from "./floating.module.css";

type MenuProps = {
  /** The button that opens it; it needs a name. */
  readonly trigger: ReactElement<Record<string, unknown>>;
  readonly children: ReactNode;
  readonly align?: "start" | "center" | "end";
};

export function Menu({ trigger, children, align = "end" }: MenuProps) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className={styles.positioner} align={align} sideOffset={4} collisionPadding={8}>
          <Base.Popup className={styles.menu}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

type MenuItemProps = {
  readonly icon?: ReactNode;
  readonly children: ReactNode;
  readonly onSelect: () => void;
  readonly isDanger?: boolean;
  /** Why it cannot be chosen now; shown under its name. */
  readonly disabledReason?: string | null;
};

export function MenuItem({ icon, children, onSelect, isDanger = false, disabledReason = null }: MenuItemProps) {
  return (
    <Base.Item
      className={styles.item}
      onClick={onSelect}
      disabled={disabledReason !== null}
      data-danger={isDanger || undefined}
    >
      {icon}
      <span className={styles.itemText}>
        {children}
        {disabledReason !== null && <span className={styles.reason}>{disabledReason}</span>}
      </span>
    </Base.Item>
  );
}

export function MenuSeparator() {
  return <Base.Separator className={styles.separator} />;
}

/** Words above the items; not one of them. */
export function MenuInfo({ children }: { readonly children: ReactNode }) {
  return <div className={styles.info}>{children}</div>;
}
