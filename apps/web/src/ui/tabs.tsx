"use client";

import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import styles from "./tabs.module.css";

export type TabItem<V extends string> = {
  readonly value: V;
  readonly label: ReactNode;
  readonly count?: number | undefined;
};

type TabsProps<V extends string> = {
  readonly label: string;
  readonly items: readonly TabItem<V>[];
  readonly value: V;
  readonly onChange: (value: V) => void;
  /** The panel of the chosen tab; only this one is mounted. */
  readonly children: ReactNode;
  readonly className?: string;
};

export function Tabs<V extends string>({ label, items, value, onChange, children, className }: TabsProps<V>) {
  return (
    <Base.Root value={value} onValueChange={(next: V) => onChange(next)} className={className}>
      <Base.List className={styles.list} aria-label={label}>
        {items.map((item) => (
          <Base.Tab key={item.value} value={item.value} className={styles.tab}>
            {item.label}
            {item.count !== undefined && <span className={styles.count}>{item.count}</span>}
          </Base.Tab>
        ))}
      </Base.List>
      <Base.Panel key={value} value={value} tabIndex={-1}>
        {children}
      </Base.Panel>
    </Base.Root>
  );
}
