"use client";

import { useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { useSearchParams } from "next/navigation";
import { toFailure } from "#lib/errors.ts";
import { useTRPC } from "#lib/trpc.tsx";
import { ButtonLink } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";

const Designer = dynamic(() => import("./designer.tsx").then((module) => module.Designer), {
  ssr: false,
  loading: () => <SkeletonRows count={8} label="Loading the designer" />,
});

export function NewSet() {
  return <Designer key={useSearchParams().toString()} stored={null} />;
}

/** Loads the stored definition once: what others change meanwhile is a conflict at apply, not a jump under the cursor. */
export function EditSet({ namespace, name }: { readonly namespace: string; readonly name: string }) {
  const trpc = useTRPC();
  const set = useQuery(
    trpc.sets.get.queryOptions({ namespace, name }, { staleTime: Number.POSITIVE_INFINITY, gcTime: 0 }),
  );
  if (set.isError) {
    return (
      <EmptyState title={`${name} can't be edited`} actions={<ButtonLink href="/sets">All sets</ButtonLink>}>
        {toFailure(set.error).message}
      </EmptyState>
    );
  }
  if (set.data === undefined) return <SkeletonRows count={8} label="Loading the definition" />;
  const { yaml, generation } = set.data;
  return <Designer stored={{ namespace, name, yaml, generation }} />;
}
