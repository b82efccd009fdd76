"use client";

import type { SetDetail } from "@openpatio/core/view";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { toFailure } from "#lib/errors.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPC } from "#lib/trpc.tsx";
import { SectionHead } from "#ui/layout.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { CodeView } from "./code-view.tsx";
import { EditButton } from "./edit-button.tsx";
import styles from "./set.module.css";

/** The definition as its author wrote it, with the replicas of today. */
export function YamlTab({ detail }: { readonly detail: SetDetail }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.sets.get.queryOptions(keyOf(detail)));
  const { refetch } = query;
  useEffect(() => {
    if (detail.generation >= 0) void refetch();
  }, [detail.generation, refetch]);
  return (
    <>
      <SectionHead title="Definition" note={`generation ${detail.generation}`}>
        <EditButton detail={detail} size="dense" />
      </SectionHead>
      {query.isPending && <SkeletonRows count={10} widths={[240]} label="Waiting for the definition" />}
      {query.isError && (
        <div className={styles.block}>
          <ProblemList failure={toFailure(query.error)} />
        </div>
      )}
      {query.data !== undefined && (
        <CodeView text={query.data.yaml} label="Definition" fileName={`${detail.name}.yaml`} isTall />
      )}
    </>
  );
}
