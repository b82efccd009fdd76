"use client";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { FitTiles } from "#features/preview/fit-tiles.tsx";
import { useTRPC } from "#lib/trpc.tsx";
import { Popover } from "#ui/popover.tsx";
import styles from "./designer.module.css";

type FitNoteProps = {
  /** Null while the definition has problems: nothing is asked then. */
  readonly yaml: string | null;
  readonly cluster: string | null;
  readonly isNew: boolean;
  readonly topologyKey: string;
};

/** The planner is asked when nobody has typed for this long. */
const SETTLE_MS = 1_200;

/** In how many racks a group would find room now, and why not in the others. */
export function FitNote({ yaml, cluster, isNew, topologyKey }: FitNoteProps) {
  const trpc = useTRPC();
  const settled = useSettled(yaml);
  const isSettled = settled !== null && settled === yaml;
  const input = { yaml: settled ?? "", ...(cluster === null ? {} : { cluster }) };
  const preview = useQuery({ ...trpc.sets.preview.queryOptions(input), enabled: isSettled, gcTime: 0, retry: false });
  if (!isSettled || preview.data === undefined) return null;
  const { oneMore } = preview.data;
  const noun = topologyKey === "" ? "cluster" : (topologyKey.split("/").at(-1) ?? "domain");
  const place = oneMore.domains === 1 ? noun : `${noun}s`;
  return (
    <>
      <span>
        {isNew ? "Fits now in " : "One more fits now in "}
        <b data-none={oneMore.fits === 0 || undefined}>{oneMore.fits}</b> of {oneMore.domains} {place}.
      </span>
      {oneMore.fits === 0 && (
        <span className={styles.whyNot} title={oneMore.why}>
          {firstSentence(oneMore.why)}
        </span>
      )}
      {oneMore.refusals.length > 0 && (
        <Popover
          title="Why not there"
          align="center"
          trigger={
            <button type="button" className={styles.why}>
              Why
            </button>
          }
        >
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keyboard has to be able to scroll it */}
          <section className={styles.refusals} tabIndex={0} aria-label="Reasons for each place">
            <FitTiles refusals={oneMore.refusals} />
          </section>
        </Popover>
      )}
    </>
  );
}

/** The value once it has been the same for a while. */
function useSettled(value: string | null): string | null {
  const [settled, setSettled] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

const firstSentence = (text: string): string => /^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text;
