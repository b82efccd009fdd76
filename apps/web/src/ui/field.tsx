"use client";

import { type ComponentProps, createContext, type ReactNode, use, useId } from "react";
import { cx } from "./cx.ts";
import styles from "./field.module.css";

type FieldContext = {
  readonly id: string;
  readonly describedBy: string | undefined;
  readonly isInvalid: boolean;
};

const FieldIds = createContext<FieldContext | null>(null);

type FieldProps = {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly error?: ReactNode;
  /** One Input, Textarea or Select. */
  readonly children: ReactNode;
};

/** Label, control, hint and error, tied together for assistive technology. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const hasError = error !== undefined && error !== null && error !== false;
  const describedBy = hasError ? `${id}-error` : hint === undefined ? undefined : `${id}-hint`;
  return (
    <FieldIds value={{ id, describedBy, isInvalid: hasError }}>
      <div className={styles.field}>
        <label className={styles.label} htmlFor={id}>
          {label}
        </label>
        {children}
        {hasError ? (
          <p className={styles.error} id={`${id}-error`}>
            {error}
          </p>
        ) : (
          hint !== undefined && (
            <p className={styles.hint} id={`${id}-hint`}>
              {hint}
            </p>
          )
        )}
      </div>
    </FieldIds>
  );
}

type Look = { readonly isMono?: boolean; readonly density?: "field" | "dense" };

function useControlProps(isMono: boolean, density: "field" | "dense", className: string | undefined) {
  const field = use(FieldIds);
  return {
    className: cx(styles.input, className),
    "data-mono": isMono || undefined,
    "data-size": density,
    ...(field !== null && {
      id: field.id,
      "aria-describedby": field.describedBy,
      "aria-invalid": field.isInvalid || undefined,
    }),
  };
}

export function Input({ isMono = false, density = "field", className, ...rest }: Look & ComponentProps<"input">) {
  return <input {...useControlProps(isMono, density, className)} {...rest} />;
}

export function Textarea({ isMono = false, density = "field", className, ...rest }: Look & ComponentProps<"textarea">) {
  return <textarea {...useControlProps(isMono, density, className)} {...rest} />;
}

/** The platform's own select: it works with every keyboard, screen reader and phone. */
export function Select({ isMono = false, density = "field", className, ...rest }: Look & ComponentProps<"select">) {
  return <select {...useControlProps(isMono, density, className)} {...rest} />;
}
