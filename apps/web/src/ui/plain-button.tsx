import type { ComponentProps } from "react";
import styles from "./button.module.css";
import { cx } from "./cx.ts";

export type ButtonLook = {
  /** One `primary` per page. */
  readonly kind?: "plain" | "primary" | "ghost" | "danger" | undefined;
  readonly size?: "control" | "dense" | undefined;
};

export type PlainButtonProps = ButtonLook & ComponentProps<"button">;

/** A button and nothing else, for code that every page loads; anywhere else use Button, which can say why it is off. */
export function PlainButton({ kind = "plain", size = "control", className, ...rest }: PlainButtonProps) {
  return <button type="button" {...rest} className={cx(styles.button, className)} data-kind={kind} data-size={size} />;
}
