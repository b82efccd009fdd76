"use client";

import { SET_PHASES, type SetPhase } from "@openpatio/core/model";
import type { SetRow } from "@openpatio/core/view";
import { Plus, Search } from "lucide-react";
import { useMemo } from "react";
import { useLiveEntries, useLiveStatus } from "#lib/live.ts";
import { useQueryState } from "#lib/query-state.ts";
import { Button, ButtonLink } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { Input, Select } from "#ui/field.tsx";
import { PageHead } from "#ui/layout.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { stateOfPhase } from "#ui/state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import styles from "./sets-page.module.css";
import { SetsTable } from "./sets-table.tsx";
import { DEFAULT_SORT, filterSets, type SetFilter, SORT_KEYS, type Sort, type SortKey, sortSets } from "./sort-sets.ts";

export function SetsPage() {
  const sets = useLiveEntries("sets", "");
  const status = useLiveStatus("sets");
  const [query, change] = useQueryState();
  const queryText = query.toString();
  const { filter, sort } = useMemo(() => readQuery(new URLSearchParams(queryText)), [queryText]);
  const shown = useMemo(() => sortSets(filterSets(sets, filter), sort), [sets, filter, sort]);
  const isFiltered = shown.length !== sets.length;
  const sortBy = (key: SortKey) => {
    const isReversed = sort.key === key && !sort.isReversed;
    const isDefault = key === DEFAULT_SORT.key && !isReversed;
    change({ sort: isDefault ? null : `${isReversed ? "-" : ""}${key}` });
  };
  return (
    <>
      <PageHead
        title="Sets"
        actions={
          <>
            <ButtonLink href="/sets/new?import=1">Import a file</ButtonLink>
            <ButtonLink href="/sets/new" kind="primary">
              <Plus aria-hidden />
              New set
            </ButtonLink>
          </>
        }
      >
        {status === "loading"
          ? "Waiting for sets."
          : isFiltered
            ? `${shown.length} of ${sets.length} shown.`
            : summaryOf(sets)}
      </PageHead>
      <Filters sets={sets} filter={filter} onChange={change} />
      {status === "loading" ? (
        <SkeletonRows label="Waiting for sets" count={8} widths={[180, 72, 96, 64, 40]} />
      ) : sets.length === 0 ? (
        <EmptyState
          title="No sets yet"
          actions={
            <>
              <ButtonLink href="/sets/new">Paste YAML</ButtonLink>
              <ButtonLink href="/sets/new?template=pick">Start from a template</ButtonLink>
              <ButtonLink href="/sets/new?import=1">Import a file</ButtonLink>
            </>
          }
        >
          A set is a number of identical groups of roles, placed on a cluster as one.
        </EmptyState>
      ) : shown.length === 0 ? (
        <EmptyState
          title="No set matches"
          actions={
            <Button onClick={() => change({ q: null, phase: null, cluster: null, namespace: null })}>
              Clear filters
            </Button>
          }
        >
          {sets.length} {sets.length === 1 ? "set is" : "sets are"} hidden by the filters.
        </EmptyState>
      ) : (
        <SetsTable sets={shown} sort={sort} onSort={sortBy} />
      )}
    </>
  );
}

function summaryOf(sets: readonly SetRow[]): string {
  if (sets.length === 0) return "None yet.";
  const ready = sets.filter((set) => set.phase === "Ready").length;
  return ready === sets.length ? "All are ready." : `${ready} of ${sets.length} are ready.`;
}

type FiltersProps = {
  readonly sets: readonly SetRow[];
  readonly filter: SetFilter;
  readonly onChange: ReturnType<typeof useQueryState>[1];
};

function Filters({ sets, filter, onChange }: FiltersProps) {
  const clusters = useMemo(() => [...new Set(sets.flatMap((set) => set.clusters))].toSorted(), [sets]);
  const namespaces = useMemo(() => [...new Set(sets.map((set) => set.namespace))].toSorted(), [sets]);
  const toggle = (phase: SetPhase) => {
    const phases = filter.phases.includes(phase)
      ? filter.phases.filter((other) => other !== phase)
      : [...filter.phases, phase];
    onChange({ phase: phases.join(",") });
  };
  return (
    <search className={styles.filters}>
      <div className={styles.search}>
        <Search size={14} strokeWidth={1.75} aria-hidden />
        <Input
          type="search"
          density="dense"
          aria-label="Search sets by name, namespace or label"
          placeholder="Name, namespace or label"
          value={filter.text}
          onChange={(event) => onChange({ q: event.target.value })}
        />
      </div>
      <Choice
        label="Namespace"
        all="All namespaces"
        options={withChosen(namespaces, filter.namespace)}
        value={filter.namespace}
        onChange={(namespace) => onChange({ namespace })}
      />
      <Choice
        label="Cluster"
        all="All clusters"
        options={withChosen(clusters, filter.cluster)}
        value={filter.cluster}
        onChange={(cluster) => onChange({ cluster })}
      />
      <fieldset className={styles.phases} aria-label="Phases">
        {SET_PHASES.map((phase) => {
          const count = sets.filter((set) => set.phase === phase).length;
          if (count === 0 && !filter.phases.includes(phase)) return null;
          return (
            <button
              key={phase}
              type="button"
              className={styles.phase}
              aria-pressed={filter.phases.includes(phase)}
              onClick={() => toggle(phase)}
            >
              <StateGlyph state={stateOfPhase(phase)} />
              <b>{count}</b> {phase.toLowerCase()}
            </button>
          );
        })}
      </fieldset>
    </search>
  );
}

type ChoiceProps = {
  readonly label: string;
  readonly all: string;
  readonly options: readonly string[];
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
};

function Choice({ label, all, options, value, onChange }: ChoiceProps) {
  return (
    <Select
      density="dense"
      className={styles.choice}
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => onChange(event.target.value === "" ? null : event.target.value)}
    >
      <option value="">{all}</option>
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </Select>
  );
}

/** A linked filter stays visible also when nothing has that name (any more). */
function withChosen(options: readonly string[], chosen: string | null): readonly string[] {
  return chosen === null || options.includes(chosen) ? options : [...options, chosen];
}

function readQuery(query: URLSearchParams): { readonly filter: SetFilter; readonly sort: Sort } {
  const phases = (query.get("phase") ?? "").split(",");
  const sortText = query.get("sort") ?? "";
  const isReversed = sortText.startsWith("-");
  const key = SORT_KEYS.find((candidate) => candidate === sortText.replace(/^-/, ""));
  return {
    filter: {
      text: query.get("q") ?? "",
      phases: SET_PHASES.filter((phase) => phases.includes(phase)),
      cluster: query.get("cluster"),
      namespace: query.get("namespace"),
    },
    sort: key === undefined ? DEFAULT_SORT : { key, isReversed },
  };
}
