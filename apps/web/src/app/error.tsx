"use client";

import { Button, ButtonLink } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";

type ErrorPageProps = { readonly error: Error & { readonly digest?: string }; readonly reset: () => void };

export default function ErrorPage({ error, reset }: ErrorPageProps) {
  return (
    <EmptyState
      title="This page failed to draw"
      actions={
        <>
          <Button onClick={reset}>Draw it again</Button>
          <ButtonLink href="/">Overview</ButtonLink>
        </>
      }
    >
      {error.message} Your sets and clusters are not affected.
    </EmptyState>
  );
}
