import type { PreviewGroup } from "@openpatio/core/view";
import { ArrowRight } from "lucide-react";
import { useState } from "react";
import { SectionHead } from "#ui/layout.tsx";
import { stateOfPhase } from "#ui/state.ts";
import { StateWord } from "#ui/state-glyph.tsx";
import { Table } from "#ui/table.tsx";
import { FitTiles } from "./fit-tiles.tsx";
import { orderGroups } from "./prepare-startup.ts";
import styles from "./preview.module.css";

/** More rows than this are shown on demand. */
const SHOWN = 20;

const THEN_TEXT: Readonly<Record<PreviewGroup["then"], string>> = {
  starts: "Starts",
  restarts: "Restarts",
  stays: "Stays",
  scales: "Scales",
  removed: "Removed",
  unplaced: "Waits for room",
};

/** What becomes of each group, in the order in which they are taken. */
export function PreviewGroups({ groups }: { readonly groups: readonly PreviewGroup[] }) {
  const [open, setOpen] = useState<number | null>(null);
  const [isWhole, setWhole] = useState(false);
  const ordered = orderGroups(groups);
  const shown = isWhole ? ordered : ordered.slice(0, SHOWN);
  return (
    <section aria-labelledby="preview-groups">
      <SectionHead id="preview-groups" title="Groups" note="in the order they are taken" />
      <Table label="What becomes of each group" className={styles.groups}>
        <thead>
          <tr>
            <th className="num">Group</th>
            <th>Now</th>
            <th>Then</th>
            <th className="num">Revision</th>
            <th>Where</th>
            <th className="num">Pods stopped</th>
            <th>Why</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((group) => (
            <GroupRow
              key={group.index}
              group={group}
              isOpen={open === group.index}
              onToggle={() => setOpen(open === group.index ? null : group.index)}
            />
          ))}
        </tbody>
      </Table>
      {ordered.length > shown.length && (
        <button type="button" className={styles.all} onClick={() => setWhole(true)}>
          Show all {ordered.length} groups
        </button>
      )}
    </section>
  );
}

type GroupRowProps = { readonly group: PreviewGroup; readonly isOpen: boolean; readonly onToggle: () => void };

function GroupRow({ group, isOpen, onToggle }: GroupRowProps) {
  const revision = [group.fromRevision, group.toRevision].filter(
    (each, i, all) => each !== null && each !== all[i - 1],
  );
  const hasFit = group.refusals.length > 0;
  return (
    <>
      <tr>
        <td className="num mono strong" data-label="group">
          {group.index}
        </td>
        <td data-label="now">
          {group.now === "none" ? (
            <span className="ink-3">none</span>
          ) : (
            <StateWord state={stateOfPhase(group.now)}>{group.now}</StateWord>
          )}
        </td>
        <td className={group.then === "stays" ? "ink-2" : "strong"}>{THEN_TEXT[group.then]}</td>
        <td className="num" data-label="revision">
          {revision.length === 2 ? (
            <>
              {revision[0]} <ArrowRight size={12} strokeWidth={1.75} aria-label="to" /> {revision[1]}
            </>
          ) : (
            (revision[0] ?? <span className="ink-3">none</span>)
          )}
        </td>
        <td className="mono">
          {group.cluster === null ? (
            <span className="ink-3">no place</span>
          ) : (
            [group.cluster, group.domain].filter((part) => part !== null).join("/")
          )}
        </td>
        <td className="num" data-label="pods stopped">
          {group.podsStopped} <span className="ink-3">of {group.podsNow}</span>
        </td>
        <td className={styles.why}>
          {group.why}{" "}
          {hasFit && (
            <button type="button" className={styles.more} aria-expanded={isOpen} onClick={onToggle}>
              {isOpen ? "Hide the others" : group.cluster === null ? "See every domain" : "Why not elsewhere"}
            </button>
          )}
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={7}>
            <FitTiles refusals={group.refusals} />
          </td>
        </tr>
      )}
    </>
  );
}
