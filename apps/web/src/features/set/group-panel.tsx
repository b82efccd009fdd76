"use client";

import type { Refusal } from "@openpatio/core/placement";
import type { GroupView, SetDetail } from "@openpatio/core/view";
import { MoveRight, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { GroupBox } from "#features/topology/model.ts";
import { countdownLead, GROUP_WORD } from "#features/topology/states.ts";
import { useNow } from "#lib/clock.ts";
import { formatDuration, formatPlural } from "#lib/format.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button, IconButton } from "#ui/button.tsx";
import { KeyValues } from "#ui/key-values.tsx";
import { stateOfPhase } from "#ui/state.ts";
import { StateWord } from "#ui/state-glyph.tsx";
import { Countdown, RelativeTime } from "#ui/time.tsx";
import { showFailure, showToast } from "#ui/toast.tsx";
import { CountdownRing } from "./countdown-ring.tsx";
import { GroupRoles } from "./group-roles.tsx";
import { MoveDialog } from "./move-dialog.tsx";
import styles from "./panel.module.css";
import { RevisionChange } from "./revision-change.tsx";

/** A pod that should have been gone for this long does not end by itself. */
const OVERDUE_MS = 30_000;

type GroupPanelProps = {
  readonly detail: SetDetail;
  readonly group: GroupBox;
  readonly offReason: string | null;
  readonly onSelectPod: (pod: string) => void;
  readonly onClose: () => void;
};

/** Everything about one group: what it does, why, since when, and what happened to its earlier lives. */
export function GroupPanel({ detail, group, offReason, onSelectPod, onClose }: GroupPanelProps) {
  const { view } = group;
  return (
    <>
      <PanelHead title={view.name} onClose={onClose}>
        <StateWord state={stateOfPhase(view.phase)} progress={group.readyPods / Math.max(1, group.wantedPods)}>
          {GROUP_WORD[view.phase]}
        </StateWord>
        {view.isSurge && <span className="ink-2 small">extra for the rollout</span>}
        <span className="ink-3 small">
          for <RelativeTime atMs={view.sinceMs} form="full" />
        </span>
      </PanelHead>
      {view.untilMs !== null && view.phase !== "Ready" ? (
        <Waiting detail={detail} view={view} untilMs={view.untilMs} offReason={offReason} />
      ) : (
        view.message !== null && (
          <section className={styles.section}>
            <p>{view.message}</p>
            {isGivenUp(view) && <RetryButton detail={detail} view={view} offReason={offReason} />}
          </section>
        )
      )}
      <section className={styles.section}>
        <KeyValues
          pairs={[
            [
              "where",
              view.cluster === null ? (
                "not placed"
              ) : (
                <span key="where" className="mono">
                  {view.domain === null ? view.cluster : `${view.cluster}/${view.domain}`}
                </span>
              ),
            ],
            [
              "also on",
              view.copies.length === 0 ? null : (
                <ul key="copies">
                  {view.copies.map(({ cluster, domain, incarnation }) => (
                    <li key={`${cluster} ${incarnation}`}>
                      <span className="mono">{domain === null ? cluster : `${cluster}/${domain}`}</span>, incarnation{" "}
                      {incarnation}
                    </li>
                  ))}
                </ul>
              ),
            ],
            ["revision", <RevisionChange key="revision" from={view.fromRevision} to={view.revision} />],
            [
              "incarnation",
              view.incarnation === 0 ? (
                "none yet"
              ) : (
                <RevisionChange
                  key="incarnation"
                  from={view.nextIncarnation === null ? null : view.incarnation}
                  to={view.nextIncarnation ?? view.incarnation}
                />
              ),
            ],
            [
              "pods",
              `${group.readyPods} of ${group.wantedPods} ready${group.gpus > 0 ? `, ${formatPlural(group.gpus, "GPU")}` : ""}${nodeText(group)}`,
            ],
          ]}
        />
      </section>
      {view.cause !== null && view.phase !== "Ready" && <CauseSection view={view} />}
      {view.refusals.length > 0 && <Refusals refusals={view.refusals} />}
      <Hanging group={group} onSelectPod={onSelectPod} />
      <GroupRoles detail={detail} group={group} onSelectPod={onSelectPod} />
      <Place detail={detail} view={view} offReason={offReason} />
      <Incarnations view={view} />
    </>
  );
}

type PanelHeadProps = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
};

export function PanelHead({ title, onClose, children }: PanelHeadProps) {
  return (
    <header className={styles.head}>
      <div className={styles.headRow}>
        <h2 tabIndex={-1} data-panel-title>
          {title}
        </h2>
        <IconButton label="Close" size="dense" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </div>
      <div className={styles.headState}>{children}</div>
    </header>
  );
}

type HangingProps = Pick<GroupPanelProps, "group" | "onSelectPod">;

/** Pods whose end is overdue: how long, and the way to where they can be forced. */
function Hanging({ group, onSelectPod }: HangingProps) {
  const nowMs = useNow();
  if (nowMs === null) return null;
  const overdue = group.roles
    .flatMap((role) => role.cells)
    .flatMap(({ label, pod }) => {
      const { deletingSinceMs } = pod;
      return deletingSinceMs !== null && nowMs - deletingSinceMs > OVERDUE_MS
        ? [{ label, pod, forMs: nowMs - deletingSinceMs }]
        : [];
    });
  if (overdue.length === 0) return null;
  return (
    <section className={styles.section}>
      <h3>
        Hangs in termination<span className={styles.note}>{formatPlural(overdue.length, "pod")}</span>
      </h3>
      <ul className={styles.hanging}>
        {overdue.map(({ label, pod, forMs }) => (
          <li key={pod.uid}>
            <span>
              <span className="mono strong">{label}</span> should be gone for {formatDuration(forMs)}
              {pod.node === null ? "" : `, on ${pod.node}`}
            </span>
            <Button size="dense" onClick={() => onSelectPod(pod.name)}>
              Open pod
            </Button>
          </li>
        ))}
      </ul>
      <p className="small ink-2">Force-deleting is for a machine that is surely off: the processes may still run.</p>
    </section>
  );
}

type PlaceProps = { readonly detail: SetDetail; readonly view: GroupView; readonly offReason: string | null };

/** Why it is where it is, what of that is in effect, and moving it. */
function Place({ detail, view, offReason }: PlaceProps) {
  const [isMoving, setMoving] = useState(false);
  if (view.placementWhy === null) return null;
  return (
    <section className={styles.section}>
      <h3>Why here</h3>
      <p className="small ink-2">{view.placementWhy}</p>
      {view.placementNotes.map((note) => (
        <p key={note} className="small ink-2">
          {note}
        </p>
      ))}
      <div>
        <Button size="dense" disabledReason={offReason ?? detail.readOnlyReason} onClick={() => setMoving(true)}>
          <MoveRight aria-hidden />
          Move now…
        </Button>
      </div>
      <MoveDialog detail={detail} group={view} isOpen={isMoving} onOpenChange={setMoving} />
    </section>
  );
}

function nodeText(group: GroupBox): string {
  const nodes = new Set(group.roles.flatMap((role) => role.cells.flatMap((cell) => cell.pod.node ?? [])));
  return nodes.size === 0 ? "" : ` on ${formatPlural(nodes.size, "node")}`;
}

type WaitingProps = {
  readonly detail: SetDetail;
  readonly view: GroupView;
  readonly untilMs: number;
  readonly offReason: string | null;
};

function Waiting({ detail, view, untilMs, offReason }: WaitingProps) {
  return (
    <section className={styles.section}>
      <div className={styles.waiting}>
        <CountdownRing sinceMs={view.sinceMs} untilMs={untilMs} />
        <div>
          <p className="strong">
            {view.nextIncarnation === null
              ? `${countdownLead(null)} `
              : `Incarnation ${view.nextIncarnation} starts in `}
            <Countdown untilMs={untilMs} />
          </p>
          {view.message !== null && <p className="small ink-2">{view.message}</p>}
        </div>
      </div>
      <RetryButton detail={detail} view={view} offReason={offReason} />
    </section>
  );
}

/** A group, or a role of one that runs, that is not tried again by itself. */
const isGivenUp = (view: GroupView): boolean =>
  view.roles.some(({ restart }) => restart?.stage === "given-up") ||
  (view.phase === "Failed" && view.nextIncarnation !== null && view.untilMs === null);

type RetryButtonProps = Omit<WaitingProps, "untilMs">;

/** Skips the wait of a group, or of its roles that are recreated within the incarnation. */
function RetryButton({ detail, view, offReason }: RetryButtonProps) {
  const client = useTRPCClient();
  const [isBusy, setBusy] = useState(false);
  const retry = async (): Promise<void> => {
    setBusy(true);
    try {
      await client.sets.retryNow.mutate({ ...keyOf(detail), group: view.index });
      showToast({ title: `Group ${view.index} starts now`, description: "The rest of its wait is skipped." });
    } catch (error) {
      showFailure(`Group ${view.index} keeps waiting`, error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div>
      <Button
        kind="primary"
        size="dense"
        disabledReason={offReason ?? (isBusy ? "Waiting for the server" : null)}
        onClick={() => void retry()}
      >
        Retry now
      </Button>
    </div>
  );
}

function CauseSection({ view }: { readonly view: GroupView }) {
  const { cause } = view;
  if (cause === null) return null;
  // While the next one starts, the incarnation that ended is the last of the history.
  // A role that is recreated within the incarnation ends none.
  const going = view.nextIncarnation === null ? null : view.incarnation;
  const ended = view.history.findLast((past) => past.cause.atMs === cause.atMs)?.incarnation ?? going;
  return (
    <section className={styles.section}>
      <h3>
        Cause
        {ended !== null && ended > 0 && cause.kind === "failure" && (
          <span className={styles.note}>of the end of incarnation {ended}</span>
        )}
      </h3>
      <p className="small">{cause.message}</p>
      <KeyValues
        pairs={[
          [
            "pod",
            cause.pod === undefined ? null : (
              <span key="pod" className="mono">
                {cause.pod}
              </span>
            ),
          ],
          [
            "container",
            cause.container === undefined ? null : (
              <>
                <span className="mono">{cause.container}</span>
                {cause.exitCode === undefined ? "" : ` exited ${cause.exitCode}`}
              </>
            ),
          ],
          [
            "node",
            cause.node === undefined ? null : (
              <span key="node" className="mono">
                {cause.node}
              </span>
            ),
          ],
          ["when", <RelativeTimeAgo key="when" atMs={cause.atMs} />],
        ]}
      />
      {cause.logTail !== undefined && (
        <figure className={styles.logTail}>
          <figcaption className="small ink-3">Last lines of its log</figcaption>
          <pre>{cause.logTail.join("\n")}</pre>
        </figure>
      )}
    </section>
  );
}

function RelativeTimeAgo({ atMs }: { readonly atMs: number }) {
  return (
    <>
      <RelativeTime atMs={atMs} form="full" /> ago
    </>
  );
}

function Refusals({ refusals }: { readonly refusals: readonly Refusal[] }) {
  const fitting = (refusal: Refusal): number => refusal.fits.filter((pod) => pod.fits).length;
  const sorted = refusals.toSorted((a, b) => fitting(b) - fitting(a));
  const most = sorted[0] === undefined ? 0 : fitting(sorted[0]);
  return (
    <section className={styles.section}>
      <h3>
        Where it was looked for<span className={styles.note}>{refusals.length} places, 0 fit</span>
      </h3>
      <ul className={styles.refusals}>
        {sorted.map((refusal) => (
          <li
            key={`${refusal.cluster}/${refusal.domain ?? ""}`}
            data-best={(most > 0 && fitting(refusal) === most) || undefined}
          >
            <span className="mono clip">
              {refusal.domain === null ? refusal.cluster : `${refusal.cluster}/${refusal.domain}`}
            </span>
            <span className={styles.short}>{refusal.short === null ? refusal.kind : `short of ${refusal.short}`}</span>
            {refusal.fits.length > 0 && (
              <span className={styles.fit}>
                <span className="sr-only">
                  room for {fitting(refusal)} of {refusal.fits.length} pods
                </span>
                {refusal.fits.map((pod) => (
                  <i
                    key={`${pod.role}-${pod.ordinal}-${pod.worker ?? 0}`}
                    data-fits={pod.fits}
                    title={`${pod.role}-${pod.ordinal}${pod.worker === undefined ? "" : `-${pod.worker}`} ${pod.fits ? "would fit" : "finds no room"}`}
                  />
                ))}
              </span>
            )}
            <p>{refusal.message}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Incarnations({ view }: { readonly view: GroupView }) {
  const nowMs = useNow();
  if (view.history.length === 0 && view.nextIncarnation === null) return null;
  return (
    <section className={styles.section}>
      <h3>Incarnations</h3>
      <ol className={styles.lives}>
        {view.nextIncarnation !== null && (
          <li>
            <span className={styles.life}>{view.nextIncarnation}</span>
            <span className="ink-3">next</span>
            <span className="ink-2">
              {view.untilMs === null ? (
                "is being prepared"
              ) : (
                <>
                  starts in <Countdown untilMs={view.untilMs} />
                </>
              )}
            </span>
          </li>
        )}
        {view.nextIncarnation === null && view.incarnation > 0 && (
          <li>
            <span className={styles.life}>{view.incarnation}</span>
            <span className="ink-3">now</span>
            <span className="ink-2">revision {view.revision}</span>
          </li>
        )}
        {view.history.toReversed().map((past) => (
          <li key={past.incarnation}>
            <span className={styles.life}>{past.incarnation}</span>
            <span className="ink-3" title={`lived ${formatDuration(past.endedAtMs - past.startedAtMs)}`}>
              {nowMs === null ? "" : formatDuration(past.endedAtMs - past.startedAtMs)}
            </span>
            <span>{past.cause.message}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
