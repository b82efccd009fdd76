"use client";

import type { Refusal } from "@openpatio/core/placement";
import type { GroupView, SetDetail } from "@openpatio/core/view";
import { X } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { GroupBox } from "#features/topology/model.ts";
import { countdownLead, GROUP_WORD } from "#features/topology/states.ts";
import { useNow } from "#lib/clock.ts";
import { formatDuration, formatPlural } from "#lib/format.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button, IconButton } from "#ui/button.tsx";
import { KeyValues } from "#ui/key-values.tsx";
import { stateOfPhase, stateOfPod } from "#ui/state.ts";
import { StateGlyph, StateWord } from "#ui/state-glyph.tsx";
import { Countdown, RelativeTime } from "#ui/time.tsx";
import { showFailure, showToast } from "#ui/toast.tsx";
import { CountdownRing } from "./countdown-ring.tsx";
import styles from "./panel.module.css";
import { RevisionChange } from "./revision-change.tsx";

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
      <section className={styles.section}>
        <h3>Roles</h3>
        <ul className={styles.roles}>
          {group.roles.map((role) => (
            <li key={role.role}>
              <div className={styles.role}>
                <span className="mono strong">{role.role}</span>
                <span className="ink-3 small">
                  {role.stage === "waiting" && role.waitsFor.length > 0
                    ? `waits for ${role.waitsFor.join(", ")}`
                    : `${role.ready} of ${role.replicas} ready`}
                </span>
              </div>
              <div className={styles.rolePods}>
                {role.cells.map((cell) => (
                  <button
                    key={cell.key}
                    type="button"
                    className={styles.podLink}
                    title={`${cell.pod.name}: ${cell.pod.stateText}`}
                    onClick={() => onSelectPod(cell.pod.name)}
                  >
                    <StateGlyph
                      state={cell.isCause ? "failed" : stateOfPod(cell.pod.state)}
                      progress={cell.pod.progress}
                      size={11}
                    />
                    <span className="mono">{cell.label}</span>
                  </button>
                ))}
              </div>
            </li>
          ))}
        </ul>
      </section>
      {view.placementWhy !== null && (
        <section className={styles.section}>
          <h3>Why here</h3>
          <p className="small ink-2">{view.placementWhy}</p>
        </section>
      )}
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
    </section>
  );
}

function CauseSection({ view }: { readonly view: GroupView }) {
  const { cause } = view;
  if (cause === null) return null;
  // While the next one starts, the incarnation that ended is the last of the history.
  const ended = view.history.findLast((past) => past.cause.atMs === cause.atMs)?.incarnation ?? view.incarnation;
  return (
    <section className={styles.section}>
      <h3>
        Cause
        {ended > 0 && cause.kind === "failure" && (
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
