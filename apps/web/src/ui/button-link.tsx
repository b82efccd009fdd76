import Link from "next/link";
import type { ComponentProps } from "react";
import styles from "./button.module.css";
import { cx } from "./cx.ts";
import type { ButtonLook } from "./plain-button.tsx";

export type ButtonLinkProps = ButtonLook & ComponentProps<typeof Link>;

/** Looks like a button, is a link: for what only leads elsewhere. */
export function ButtonLink({ kind = "plain", size = "control", className, ...rest }: ButtonLinkProps) {
  return <Link {...rest} className={cx(styles.button, className)} data-kind={kind} data-size={size} />;
}
