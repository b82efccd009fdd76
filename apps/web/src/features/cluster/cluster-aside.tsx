"use client";

import type { ClusterDetail } from "@openpatio/core/view";
import { useQuery } from "@tanstack/react-query";
import { Lock } from "lucide-react";
import { useMemo, useState } from "react";
import { Feed } from "#features/activity/feed.tsx";
import { AttentionList, compareAttention } from "#features/overview/attention-list.tsx";
import { toFailure } from "#lib/errors.ts";
import { formatCount } from "#lib/format.ts";
import { useLiveEntries } from "#lib/live.ts";
import { clusterPath } from "#lib/paths.ts";
import { useTRPC } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { CodeBlock } from "#ui/code-block.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { KeyValues } from "#ui/key-values.tsx";
import { SectionHead } from "#ui/layout.tsx";
import { Note } from "#ui/note.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { Skeleton } from "#ui/skeleton.tsx";
import { RelativeTime } from "#ui/time.tsx";
import styles from "./cluster-page.module.css";
import { LabelsDialog } from "./labels-dialog.tsx";

const EVENTS_SHOWN = 12;

const OWNER_WORD: Readonly<Record<ClusterDetail["ownership"]["state"], string>> = {
  held: "this control plane",
  pausing: "this control plane",
  unconfirmed: "this control plane, when last seen",
  unprotected: "not known: Leases may not be used",
  foreign: "another control plane",
  unknown: "not known yet",
};

/** Beside the groups: what needs attention here, contact, permissions, what happened. */
export function ClusterAside({ detail }: { readonly detail: ClusterDetail }) {
  const attention = useLiveEntries("attention", "");
  const activity = useLiveEntries("activity", "");
  const groups = useMemo(
    () => new Set(detail.groupsHere.map(({ namespace, set, index }) => `${namespace}/${set}-${index}`)),
    [detail.groupsHere],
  );
  const here = attention
    .filter(({ place, href }) => place.split("/")[0] === detail.name || href.startsWith(clusterPath(detail.name)))
    .toSorted(compareAttention);
  const events = activity
    .filter(
      (item) =>
        item.cluster === detail.name ||
        (item.group !== null && groups.has(`${item.namespace}/${item.set}-${item.group}`)),
    )
    .toSorted((a, b) => b.atMs - a.atMs)
    .slice(0, EVENTS_SHOWN);
  return (
    <aside className={styles.aside} aria-label="About this cluster">
      {here.length > 0 && (
        <section aria-labelledby="cluster-attention">
          <SectionHead title="Needs attention" id="cluster-attention" note={here.length} />
          <AttentionList items={here} isNarrow />
        </section>
      )}
      <section aria-labelledby="permissions">
        <SectionHead
          title="Permissions"
          id="permissions"
          note={detail.missingPermissions.length === 0 ? undefined : `${detail.missingPermissions.length} missing`}
        />
        <div className={styles.pad}>
          {detail.missingPermissions.length === 0 ? (
            <p className="ink-2">
              {detail.health === "connecting" ? "Not asked yet." : "Everything that is needed is granted."}
            </p>
          ) : (
            <MissingPermissions detail={detail} />
          )}
        </div>
      </section>
      <Labels detail={detail} />
      <section aria-labelledby="contact">
        <SectionHead title="Contact" id="contact" isSeparated />
        <div className={styles.pad}>
          <KeyValues
            pairs={[
              [
                "server",
                <span key="server" className="mono">
                  {detail.server}
                </span>,
              ],
              [
                "last contact",
                detail.lastContactMs === null ? (
                  "never"
                ) : detail.health === "live" || detail.health === "foreign" ? (
                  "now"
                ) : (
                  <RelativeTime key="contact" atMs={detail.lastContactMs} form="full" />
                ),
              ],
              ["owner", detail.ownership.owner?.name ?? OWNER_WORD[detail.ownership.state]],
              ["requests", `${formatCount(detail.apiRequests)}, ${formatCount(detail.apiErrors)} failed`],
              ["registered", <RelativeTime key="registered" atMs={detail.registeredAtMs} form="full" />],
            ]}
          />
        </div>
      </section>
      <section aria-labelledby="cluster-activity">
        <SectionHead title="Activity here" id="cluster-activity" isSeparated />
        {events.length === 0 ? (
          <EmptyState title="Nothing lately">Among the newest events none is about this cluster.</EmptyState>
        ) : (
          <Feed items={events} />
        )}
      </section>
    </aside>
  );
}

/** What sets choose it by. */
function Labels({ detail }: { readonly detail: ClusterDetail }) {
  const [isEditing, setEditing] = useState(false);
  const labels = Object.entries(detail.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return (
    <section aria-labelledby="cluster-labels">
      <SectionHead title="Labels" id="cluster-labels" isSeparated>
        <Button size="dense" onClick={() => setEditing(true)}>
          Edit…
        </Button>
      </SectionHead>
      <div className={styles.pad}>
        {labels.length === 0 ? (
          <p className="ink-2">None. Sets can choose it by its name only.</p>
        ) : (
          <ul className={styles.labels}>
            {labels.map(([key, value]) => (
              <li key={key} className="mono">
                {key}={value}
              </li>
            ))}
          </ul>
        )}
      </div>
      <LabelsDialog detail={detail} isOpen={isEditing} onOpenChange={setEditing} />
    </section>
  );
}

function MissingPermissions({ detail }: { readonly detail: ClusterDetail }) {
  const trpc = useTRPC();
  const answer = useQuery(trpc.clusters.get.queryOptions({ name: detail.name }));
  return (
    <>
      <Note state="pending" icon={<Lock size={14} strokeWidth={1.75} aria-hidden />}>
        Missing: <span className="mono">{detail.missingPermissions.join(", ")}</span>. What needs them is refused there.
      </Note>
      {answer.isPending ? (
        <Skeleton width="80%" />
      ) : answer.isError ? (
        <ProblemList failure={toFailure(answer.error)} />
      ) : (
        answer.data.permissionManifest !== null && (
          <>
            <p className="ink-2">
              <span className="mono">kubectl apply -f -</span> with this grants them:
            </p>
            <CodeBlock label="Manifest" text={answer.data.permissionManifest} maxHeightPx={220} />
          </>
        )
      )}
    </>
  );
}
