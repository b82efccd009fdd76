"use client";

import type { SetDetail, TimelineItem } from "@openpatio/core/view";
import { ArrowRight } from "lucide-react";
import { useMemo, useState } from "react";
import { formatDay } from "#lib/format.ts";
import { useLiveEntries, useLiveStatus } from "#lib/live.ts";
import { keyOf, timelineTopic } from "#lib/paths.ts";
import { STATE_OF_KIND } from "#lib/timeline-state.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { Select } from "#ui/field.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { StateGlyph } from "#ui/state-glyph.tsx";
import { ClockTime } from "#ui/time.tsx";
import { showFailure } from "#ui/toast.tsx";
import styles from "./timeline.module.css";
import { compareIds, type TimelineFilter, timelineMinutes } from "./timeline-groups.ts";

const FILTER_OPTIONS = [
  { value: "all", label: "All" },
  { value: "failures", label: "Failures" },
  { value: "rollouts", label: "Rollouts" },
  { value: "scaling", label: "Starts and stops" },
  { value: "placement", label: "Placement" },
] as const;
const PAGE = 100;

type TimelineTabProps = {
  readonly detail: SetDetail;
  readonly group: number | null;
  readonly onGroup: (group: number | null) => void;
};

/** What happened, why, what was decided and what was done, newest first. */
export function TimelineTab({ detail, group, onGroup }: TimelineTabProps) {
  const client = useTRPCClient();
  const topic = timelineTopic(detail);
  const live = useLiveEntries(topic, "");
  const status = useLiveStatus(topic);
  const [older, setOlder] = useState<readonly TimelineItem[]>([]);
  const [isEnd, setEnd] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [filter, setFilter] = useState<TimelineFilter>("all");
  const minutes = useMemo(() => timelineMinutes([...live, ...older], filter, group), [live, older, filter, group]);
  const indices = useMemo(() => {
    const seen = new Set([...live, ...older].flatMap((item) => (item.group === null ? [] : [item.group])));
    if (group !== null) seen.add(group);
    return [...seen].toSorted((a, b) => a - b);
  }, [live, older, group]);

  const loadOlder = async (): Promise<void> => {
    const oldest = [...live, ...older].map((item) => item.id).toSorted(compareIds)[0];
    setBusy(true);
    try {
      const page = await client.sets.timeline.query({
        ...keyOf(detail),
        limit: PAGE,
        ...(oldest === undefined ? {} : { before: oldest }),
      });
      setOlder((before) => [...before, ...page]);
      setEnd(page.length < PAGE);
    } catch (error) {
      showFailure("Older lines could not be read", error);
    } finally {
      setBusy(false);
    }
  };

  if (status === "loading") return <SkeletonRows count={8} widths={[48, 120, 280]} label="Waiting for the timeline" />;
  return (
    <div className={styles.timeline}>
      <div className={styles.tools}>
        <Segmented label="Show" options={FILTER_OPTIONS} value={filter} onChange={setFilter} size="dense" />
        <Select
          density="dense"
          aria-label="Group"
          value={group === null ? "" : String(group)}
          onChange={(event) => onGroup(event.target.value === "" ? null : Number(event.target.value))}
        >
          <option value="">every group</option>
          {indices.map((index) => (
            <option key={index} value={index}>
              group {index}
            </option>
          ))}
        </Select>
      </div>
      {minutes.length === 0 ? (
        <EmptyState title="Nothing of that kind has happened.">
          {filter === "all" && group === null
            ? "What happens to this set will stand here."
            : "Show all to see the rest."}
        </EmptyState>
      ) : (
        <ol className={styles.minutes}>
          {minutes.map((minute) => (
            <li key={minute.atMs} className={styles.minute}>
              <div className={styles.clock}>
                <ClockTime atMs={minute.atMs} />
                {minute.isNewDay && <span className="micro ink-3">{formatDay(minute.atMs)}</span>}
              </div>
              <ol className={styles.items}>
                {minute.items.map((item) => (
                  <TimelineRow key={item.id} item={item} />
                ))}
              </ol>
            </li>
          ))}
        </ol>
      )}
      {!isEnd && live.length > 0 && (
        <div className={styles.more}>
          <Button
            size="dense"
            disabledReason={isBusy ? "Waiting for the server" : null}
            onClick={() => void loadOlder()}
          >
            Show older
          </Button>
        </div>
      )}
    </div>
  );
}

function TimelineRow({ item }: { readonly item: TimelineItem }) {
  const state = STATE_OF_KIND[item.kind];
  return (
    <li className={styles.item}>
      <span className={styles.glyph}>
        {state === null ? <i className={styles.dot} aria-hidden /> : <StateGlyph state={state} />}
      </span>
      <span className={styles.who}>
        {item.group === null ? <span className="ink-3">set</span> : `group ${item.group}`}
        {item.incarnation !== null && item.incarnation > 0 && <span className="ink-3"> inc {item.incarnation}</span>}
      </span>
      <div className={styles.what}>
        <p>
          {item.cause !== null && (
            <>
              <span>{item.cause}</span>
              <ArrowRight className={styles.arrow} size={12} strokeWidth={1.75} aria-label="so" />
            </>
          )}
          <span className="strong">{item.decision}</span>
          {item.actor === "operator" && <span className={styles.actor}>by you</span>}
        </p>
        {item.actions.length > 0 && <p className={styles.actions}>{item.actions.join(" · ")}</p>}
      </div>
    </li>
  );
}
