"use client";

import { NumberField } from "@base-ui/react/number-field";
import { Minus, Plus } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./stepper.module.css";

type StepperProps = {
  /** Name for assistive technology, e.g. "Replicas of decode". */
  readonly label: string;
  /** The wanted count. */
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly min?: number;
  readonly max?: number;
  /** What is there, e.g. "4 of 8 ready"; wanted stays in the box, got below it. */
  readonly got?: ReactNode;
  readonly size?: "control" | "dense";
  readonly disabled?: boolean;
};

/** Wanted count with − and +; also by typing and by arrow keys. */
export function Stepper({
  label,
  value,
  onChange,
  min = 0,
  max,
  got,
  size = "control",
  disabled = false,
}: StepperProps) {
  return (
    <div className={styles.stepper} data-size={size}>
      <NumberField.Root
        value={value}
        onValueChange={(next) => {
          if (next !== null && next !== value) onChange(next);
        }}
        min={min}
        {...(max === undefined ? {} : { max })}
        step={1}
        format={WHOLE}
        disabled={disabled}
      >
        <NumberField.Group className={styles.box}>
          <NumberField.Decrement className={styles.step} aria-label={`Fewer: ${label}`}>
            <Minus size={14} strokeWidth={1.75} aria-hidden />
          </NumberField.Decrement>
          <NumberField.Input className={styles.value} aria-label={label} />
          <NumberField.Increment className={styles.step} aria-label={`More: ${label}`}>
            <Plus size={14} strokeWidth={1.75} aria-hidden />
          </NumberField.Increment>
        </NumberField.Group>
      </NumberField.Root>
      {got !== undefined && <span className={styles.under}>{got}</span>}
    </div>
  );
}

const WHOLE = { maximumFractionDigits: 0 } as const;
