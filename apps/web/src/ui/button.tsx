"use client";

import type { MouseEvent, ReactNode } from "react";
import { PlainButton, type PlainButtonProps } from "./plain-button.tsx";
import { Tooltip } from "./tooltip.tsx";

export { ButtonLink } from "./button-link.tsx";

export type ButtonProps = PlainButtonProps & {
  /**
   * Why it cannot be pressed now. The button stays reachable by keyboard and shows the reason as its tooltip, which a
   * `disabled` button could not.
   */
  readonly disabledReason?: string | null | undefined;
};

export function Button({ disabledReason = null, ...rest }: ButtonProps) {
  if (disabledReason === null) return <PlainButton {...rest} />;
  return (
    <Tooltip text={disabledReason}>
      <PlainButton {...rest} aria-disabled onClick={refuse} />
    </Tooltip>
  );
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
