"use client";

import type { SetDetail } from "@openpatio/core/view";
import { useQuery } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { toFailure } from "#lib/errors.ts";
import { keyOf, type SetKey } from "#lib/paths.ts";
import { useTRPC } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { Select } from "#ui/field.tsx";
import { SectionHead, Tag } from "#ui/layout.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { Table } from "#ui/table.tsx";
import { RelativeTime } from "#ui/time.tsx";
import { RollbackDialog } from "./rollback-dialog.tsx";
import styles from "./set.module.css";

const TextDiff = dynamic(() => import("#ui/text-diff.tsx").then((module) => module.TextDiff), {
  ssr: false,
  loading: () => <SkeletonRows count={6} widths={[280, 280]} label="Loading the difference" />,
});

type RolloutsTabProps = { readonly detail: SetDetail; readonly offReason: string | null };

/** Every kept revision, what changed between any two of them, and the way back. */
export function RolloutsTab({ detail, offReason }: RolloutsTabProps) {
  const revisions = detail.revisions.toSorted((a, b) => b.number - a.number);
  const newest = revisions[0]?.number ?? 1;
  const [from, setFrom] = useState<number | null>(null);
  const [to, setTo] = useState<number | null>(null);
  const [returning, setReturning] = useState<number | null>(null);
  const right = to ?? newest;
  const left = from ?? revisions.find((revision) => revision.number < right)?.number ?? right;
  const options = revisions.map((revision) => (
    <option key={revision.number} value={revision.number}>
      revision {revision.number}
    </option>
  ));
  return (
    <>
      <Table label="Revisions">
        <thead>
          <tr>
            <th>Revision</th>
            <th>What changed</th>
            <th>Created</th>
            <th className="num">Groups</th>
            <th>Content</th>
            <th>
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {revisions.map((revision) => (
            <tr key={revision.number}>
              <td>
                <span className="mono strong">{revision.number}</span> {revision.isTarget && <Tag>wanted</Tag>}{" "}
                {revision.isCurrent && <Tag>last good</Tag>}
              </td>
              <td>{revision.summary}</td>
              <td className="ink-2">
                <RelativeTime atMs={revision.createdAtMs} form="full" /> ago
              </td>
              <td className="num">{revision.groups === 0 ? <span className="ink-3">0</span> : revision.groups}</td>
              <td className="mono ink-3">{revision.hash.slice(0, 10)}</td>
              <td className="num" aria-label={`Actions for revision ${revision.number}`}>
                <span className={styles.rowActions}>
                  <Button
                    size="dense"
                    kind="ghost"
                    disabledReason={revisions.length < 2 ? "There is nothing to compare with" : null}
                    onClick={() => {
                      setTo(revision.number);
                      setFrom(
                        neighbour(
                          revisions.map((item) => item.number),
                          revision.number,
                        ),
                      );
                    }}
                  >
                    Compare
                  </Button>
                  <Button
                    size="dense"
                    kind="ghost"
                    disabledReason={
                      offReason ?? detail.readOnlyReason ?? (revision.isTarget ? "This is the wanted revision" : null)
                    }
                    onClick={() => setReturning(revision.number)}
                  >
                    <Undo2 aria-hidden />
                    Roll back…
                  </Button>
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
      {revisions.length > 1 && (
        <>
          <SectionHead title="Difference" isSeparated>
            <Select
              density="dense"
              aria-label="Compare from"
              value={left}
              onChange={(event) => setFrom(Number(event.target.value))}
            >
              {options}
            </Select>
            <span className="ink-3">to</span>
            <Select
              density="dense"
              aria-label="Compare to"
              value={right}
              onChange={(event) => setTo(Number(event.target.value))}
            >
              {options}
            </Select>
          </SectionHead>
          <RevisionDiff set={keyOf(detail)} from={left} to={right} />
        </>
      )}
      <RollbackDialog
        key={returning}
        detail={detail}
        isOpen={returning !== null}
        onOpenChange={(isOpen) => {
          if (!isOpen) setReturning(null);
        }}
        initial={returning}
      />
    </>
  );
}

/** The revision before; for the oldest one the one after it. */
function neighbour(numbers: readonly number[], number: number): number | null {
  return numbers.find((item) => item < number) ?? numbers.findLast((item) => item > number) ?? null;
}

type RevisionDiffProps = {
  readonly set: SetKey;
  readonly from: number;
  readonly to: number;
};

function RevisionDiff({ set, from, to }: RevisionDiffProps) {
  const trpc = useTRPC();
  const query = useQuery(trpc.sets.diff.queryOptions({ ...set, from, to }));
  if (query.isPending) return <SkeletonRows count={6} widths={[280, 280]} label="Waiting for the difference" />;
  if (query.isError) {
    return (
      <div className={styles.block}>
        <ProblemList failure={toFailure(query.error)} />
      </div>
    );
  }
  const isEqual = query.data.from.yaml === query.data.to.yaml;
  return (
    <>
      <p className={styles.diffSummary}>
        {isEqual
          ? "Both have the same content: a group that runs one is not touched for the other."
          : query.data.summary}
      </p>
      {!isEqual && (
        <TextDiff
          before={query.data.from.yaml}
          after={query.data.to.yaml}
          beforeLabel={`Revision ${query.data.from.revision}`}
          afterLabel={`Revision ${query.data.to.revision}`}
        />
      )}
    </>
  );
}
