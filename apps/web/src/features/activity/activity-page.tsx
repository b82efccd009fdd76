"use client";

import type { TimelineItem } from "@openpatio/core/view";
import { useMemo } from "react";
import { formatClock, formatDay, formatExact } from "#lib/format.ts";
import { groupBy } from "#lib/group-by.ts";
import { useLiveEntries, useLiveStatus } from "#lib/live.ts";
import { useQueryState } from "#lib/query-state.ts";
import { Button } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { Input, Select } from "#ui/field.tsx";
import { PageHead } from "#ui/layout.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import styles from "./activity-page.module.css";
import { EventMark, EventSubject } from "./feed.tsx";
import { type ActivityFilter, filterActivity, TOPICS } from "./filter-activity.ts";

const ACTORS = [
  ["operator", "A person"],
  ["openpatio", "OpenPatio"],
  ["cluster", "A cluster"],
] as const;

export function ActivityPage() {
  const items = useLiveEntries("activity", "");
  const status = useLiveStatus("activity");
  const [query, change] = useQueryState();
  const text = query.get("q") ?? "";
  const topic = query.get("topic");
  const actor = query.get("actor");
  const shown = useMemo(() => filterActivity(items, { text, topic, actor }), [items, text, topic, actor]);
  return (
    <>
      <PageHead title="Activity">
        The newest events of all sets and clusters. Older ones of a set are on its timeline.
      </PageHead>
      <Filters filter={{ text, topic, actor }} onChange={change} />
      {status === "loading" ? (
        <SkeletonRows label="Waiting for activity" count={10} widths={[52, 72, 140, 320]} />
      ) : items.length === 0 ? (
        <EmptyState title="Nothing has happened yet">
          What you, the system and the clusters do is written here, with the cause and what was done about it.
        </EmptyState>
      ) : shown.length === 0 ? (
        <EmptyState
          title="No event matches"
          actions={<Button onClick={() => change({ q: null, topic: null, actor: null })}>Clear filters</Button>}
        >
          {items.length} events are hidden by the filters.
        </EmptyState>
      ) : (
        <Days items={shown} />
      )}
    </>
  );
}

type FiltersProps = { readonly filter: ActivityFilter; readonly onChange: ReturnType<typeof useQueryState>[1] };

function Filters({ filter, onChange }: FiltersProps) {
  return (
    <search className={styles.filters}>
      <div className={styles.search}>
        <Input
          type="search"
          density="dense"
          aria-label="Search activity"
          placeholder="Set, pod, cause, decision"
          value={filter.text}
          onChange={(event) => onChange({ q: event.target.value })}
        />
      </div>
      <Select
        density="dense"
        className={styles.choice}
        aria-label="About"
        value={filter.topic ?? ""}
        onChange={(event) => onChange({ topic: event.target.value })}
      >
        <option value="">About everything</option>
        {TOPICS.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
      <Select
        density="dense"
        className={styles.choice}
        aria-label="By whom"
        value={filter.actor ?? ""}
        onChange={(event) => onChange({ actor: event.target.value })}
      >
        <option value="">By anyone</option>
        {ACTORS.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
    </search>
  );
}

function Days({ items }: { readonly items: readonly TimelineItem[] }) {
  return [...groupBy(items, (item) => formatDay(item.atMs))].map(([day, events]) => (
    <section key={day} aria-label={day}>
      <h2 className={styles.day}>{day}</h2>
      <ol className={styles.list}>
        {events.map((item) => (
          <li key={item.id}>
            <time className="ink-3" dateTime={new Date(item.atMs).toISOString()} title={formatExact(item.atMs)}>
              {formatClock(item.atMs)}
            </time>
            <EventMark kind={item.kind} />
            <span className="ink-3">{item.actor}</span>
            <span className="clip">
              <EventSubject item={item} />
            </span>
            <div className={styles.what}>
              {item.cause !== null && <span className="ink-2">{item.cause}</span>}
              <span>{item.decision}</span>
              {item.actions.length > 0 && <span className={styles.actions}>{item.actions.join(" · ")}</span>}
            </div>
          </li>
        ))}
      </ol>
    </section>
  ));
}
