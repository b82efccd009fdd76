"use client";

import { startupWaves } from "@openpatio/core/plan";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { toFailure } from "#lib/errors.ts";
import { useTRPC } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { readDesign } from "./design.ts";
import styles from "./templates-dialog.module.css";

type TemplatesDialogProps = {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly onPick: (yaml: string) => void;
};

export function TemplatesDialog({ isOpen, onOpenChange, onPick }: TemplatesDialogProps) {
  const trpc = useTRPC();
  const templates = useQuery({
    ...trpc.sets.templates.queryOptions(),
    enabled: isOpen,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const gallery = useRef<HTMLUListElement>(null);
  const isLoaded = templates.data !== undefined;
  // While they load the only thing to focus is Cancel, where Enter would end what was just begun.
  useEffect(() => {
    if (isOpen && isLoaded) gallery.current?.querySelector("button")?.focus();
  }, [isOpen, isLoaded]);
  return (
    <Dialog
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      title="Start from a template"
      description="It replaces what is in the editor; undo brings that back."
      widthPx={720}
      actions={<Button onClick={() => onOpenChange(false)}>Cancel</Button>}
    >
      {templates.isError && <ProblemList failure={toFailure(templates.error)} />}
      {templates.isPending && <SkeletonRows count={4} label="Loading templates" />}
      <ul ref={gallery} className={styles.gallery}>
        {templates.data?.map((template) => (
          <li key={template.id}>
            <button
              type="button"
              className={styles.template}
              onClick={() => {
                onPick(template.yaml);
                onOpenChange(false);
              }}
            >
              <Sketch yaml={template.yaml} />
              <b>{template.title}</b>
              <span>{template.description}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** The waves of a template in miniature: a column a wave, a line a role. */
function Sketch({ yaml }: { readonly yaml: string }) {
  const columns = useMemo(() => {
    const { roles } = readDesign(yaml);
    return startupWaves(roles.map(({ name, dependencies }) => ({ role: name, dependencies }))).map((names) =>
      roles.filter((role) => names.includes(role.name)),
    );
  }, [yaml]);
  return (
    <span className={styles.sketch} aria-hidden>
      {columns.map((roles, wave) => (
        <span key={roles[0]?.name} data-after={wave > 0 || undefined}>
          {roles.map((role) => (
            <i key={role.name} data-cpu={role.gpusPerPod === 0 || undefined}>
              {role.name} ×{role.replicas}
            </i>
          ))}
        </span>
      ))}
    </span>
  );
}
