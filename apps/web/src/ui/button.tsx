"use client";

import Link from "next/link";
import type { ComponentProps, MouseEvent, ReactNode } from "react";
import styles from "./button.module.css";
import { cx } from "./cx.ts";
import { Tooltip } from "./tooltip.tsx";

type Look = {
  /** One `primary` per page. */
  readonly kind?: "plain" | "primary" | "ghost" | "danger";
  readonly size?: "control" | "dense";
};

export type ButtonProps = Look &
  ComponentProps<"button"> & {
    /**
     * Why it cannot be pressed now. The button stays reachable by keyboard and shows the reason as its tooltip, which a
     * `disabled` button could not.
     */
    readonly disabledReason?: string | null | undefined;
  };

export function Button({
  kind = "plain",
  size = "control",
  className,
  disabledReason = null,
  onClick,
  ...rest
}: ButtonProps) {
  const isOff = disabledReason !== null;
  const button = (
    <button
      type="button"
      {...rest}
      className={cx(styles.button, className)}
      data-kind={kind}
      data-size={size}
      {...(isOff ? { "aria-disabled": true, onClick: refuse } : { onClick })}
    />
  );
  return isOff ? <Tooltip text={disabledReason}>{button}</Tooltip> : button;
}

function refuse(event: MouseEvent): void {
  event.preventDefault();
}

export type IconButtonProps = Omit<ButtonProps, "aria-label" | "children"> & {
  /** Name for assistive technology and tooltip. */
  readonly label: string;
  readonly children: ReactNode;
};

export function IconButton({ label, kind = "ghost", disabledReason = null, ...rest }: IconButtonProps) {
  const button = <Button kind={kind} disabledReason={disabledReason} {...rest} aria-label={label} data-icon="" />;
  return disabledReason === null ? <Tooltip text={label}>{button}</Tooltip> : button;
}

export type ButtonLinkProps = Look & ComponentProps<typeof Link>;

/** Looks like a button, is a link: for what only leads elsewhere. */
export function ButtonLink({ kind = "plain", size = "control", className, ...rest }: ButtonLinkProps) {
  return <Link {...rest} className={cx(styles.button, className)} data-kind={kind} data-size={size} />;
}
