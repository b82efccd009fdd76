"use client";

import type { AppRouter } from "@openpatio/server/router";
import { useQuery } from "@tanstack/react-query";
import type { inferRouterOutputs } from "@trpc/server";
import dynamic from "next/dynamic";
import { useSearchParams } from "next/navigation";
import { toFailure } from "#lib/errors.ts";
import { useTRPC } from "#lib/trpc.tsx";
import { ButtonLink } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import type { Stored } from "./designer.tsx";

const Designer = dynamic(() => import("./designer.tsx").then((module) => module.Designer), {
  ssr: false,
  loading: () => <SkeletonRows count={8} label="Loading the designer" />,
});

type Answer = inferRouterOutputs<AppRouter>["sets"]["get"];

export function NewSet() {
  return <Designer key={useSearchParams().toString()} stored={null} />;
}

/** Loads the stored definition once: what others change meanwhile is a conflict at apply, not a jump under the cursor. */
export function EditSet({ namespace, name }: { readonly namespace: string; readonly name: string }) {
  const home = useSearchParams().get("home") ?? undefined;
  const trpc = useTRPC();
  const set = useQuery(
    trpc.sets.get.queryOptions({ namespace, name, home }, { staleTime: Number.POSITIVE_INFINITY, gcTime: 0 }),
  );
  if (set.data !== undefined) {
    return <Designer stored={toStored(set.data)} onReload={async () => readAgain((await set.refetch()).data)} />;
  }
  if (set.isError) {
    return (
      <EmptyState title={`${name} can't be edited`} actions={<ButtonLink href="/sets">All sets</ButtonLink>}>
        {toFailure(set.error).message}
      </EmptyState>
    );
  }
  return <SkeletonRows count={8} label="Loading the definition" />;
}

const readAgain = (answer: Answer | undefined): Stored | null => (answer === undefined ? null : toStored(answer));

function toStored({ namespace, name, home, yaml, generation, detail }: Answer): Stored {
  return { namespace, name, home, yaml, generation, revision: detail.rollout.target };
}
