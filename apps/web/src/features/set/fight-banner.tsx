"use client";

import type { SetDetail } from "@openpatio/core/view";
import { useState } from "react";
import { keyOf } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { Note } from "#ui/note.tsx";
import { RelativeTime } from "#ui/time.tsx";
import { showFailure, showToast } from "#ui/toast.tsx";
import styles from "./set.module.css";

type FightBannerProps = { readonly detail: SetDetail; readonly offReason: string | null };

const SHOWN = 3;

/** Somebody else keeps setting what is ours: who, what, since when, and taking it back. */
export function FightBanner({ detail, offReason }: FightBannerProps) {
  const client = useTRPCClient();
  const [isBusy, setBusy] = useState(false);
  const { fights } = detail;
  if (fights.length === 0) return null;
  const takeBack = async (): Promise<void> => {
    setBusy(true);
    try {
      await client.sets.retakeFields.mutate(keyOf(detail));
      showToast({
        title: "Taken back",
        description: "What this set owns is written again. If the other manager goes on, that shows here.",
      });
    } catch (error) {
      showFailure("Nothing was taken back", error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className={styles.fight} aria-label="Somebody else changes this set">
      <Note state="recovering">
        <p className="strong">
          {fights.length === 1
            ? "A field of this set is changed by somebody else, again and again"
            : `${fights.length} objects of this set are changed by somebody else, again and again`}
        </p>
        <ul>
          {fights.slice(0, SHOWN).map((fight) => (
            <li key={`${fight.object} ${fight.field}`}>
              <span className="strong">{fight.manager ?? "Another manager"}</span> sets{" "}
              <span className="mono">{fight.field}</span> of <span className="mono">{fight.object}</span>, for{" "}
              <RelativeTime atMs={fight.sinceMs} form="full" />
            </li>
          ))}
          {fights.length > SHOWN && <li>and {fights.length - SHOWN} more</li>}
        </ul>
        <p className="small ink-2">
          It was put back twice within 10 minutes and is left as the other one wants it. Take it back when that one has
          stopped; after 10 minutes without a change that is tried once.
        </p>
        <Button
          size="dense"
          disabledReason={offReason ?? (isBusy ? "Waiting for the server" : null)}
          onClick={() => void takeBack()}
        >
          Take back now
        </Button>
      </Note>
    </section>
  );
}
