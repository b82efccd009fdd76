"use client";

import { ButtonLink } from "#ui/button-link.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { PlainButton } from "#ui/plain-button.tsx";

type ErrorPageProps = { readonly error: Error & { readonly digest?: string }; readonly reset: () => void };

export default function ErrorPage({ error, reset }: ErrorPageProps) {
  return (
    <EmptyState
      title="This page failed to draw"
      actions={
        <>
          <PlainButton onClick={reset}>Draw it again</PlainButton>
          <ButtonLink href="/">Overview</ButtonLink>
        </>
      }
    >
      {error.message} Your sets and clusters are not affected.
    </EmptyState>
  );
}
