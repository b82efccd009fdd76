"use client";

import type { ReactNode } from "react";
import styles from "./segmented.module.css";

export type SegmentedOption<V extends string> = {
  readonly value: V;
  readonly label: string;
  readonly icon?: ReactNode;
};

type SegmentedProps<V extends string> = {
  readonly label: string;
  readonly options: readonly SegmentedOption<V>[];
  readonly value: V;
  readonly onChange: (value: V) => void;
  readonly size?: "control" | "dense";
  /** Icons alone; the label is the name and the title. */
  readonly isIconOnly?: boolean;
};

/** A choice between two to four ways to see the same thing. */
export function Segmented<V extends string>(props: SegmentedProps<V>) {
  const { label, options, value, onChange, size = "control", isIconOnly = false } = props;
  return (
    <fieldset className={styles.group} aria-label={label} data-size={size}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          className={styles.option}
          aria-pressed={option.value === value}
          data-icon={isIconOnly || undefined}
          {...(isIconOnly && { "aria-label": option.label, title: option.label })}
          onClick={() => onChange(option.value)}
        >
          {option.icon}
          {!isIconOnly && option.label}
        </button>
      ))}
    </fieldset>
  );
}
