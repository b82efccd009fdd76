import type { SetDetail } from "@openpatio/core/view";
import { Pencil } from "lucide-react";
import { editPath } from "#lib/paths.ts";
import { Button, ButtonLink } from "#ui/button.tsx";

type EditButtonProps = { readonly detail: SetDetail; readonly size?: "dense" };

/** To the designer; of a set that a GitOps tool manages it says why not. */
export function EditButton({ detail, ...size }: EditButtonProps) {
  const label = (
    <>
      <Pencil aria-hidden />
      Edit
    </>
  );
  if (detail.readOnlyReason !== null) {
    return (
      <Button disabledReason={detail.readOnlyReason} {...size}>
        {label}
      </Button>
    );
  }
  return (
    <ButtonLink href={editPath(detail)} {...size}>
      {label}
    </ButtonLink>
  );
}
