"use client";

import type { RoleRestartView, SetDetail } from "@openpatio/core/view";
import { type GroupBox, isLeader, type PodCell, type RoleBlock } from "#features/topology/model.ts";
import { useNow } from "#lib/clock.ts";
import { formatDuration } from "#lib/format.ts";
import { stateOfPod } from "#ui/state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import { Countdown } from "#ui/time.tsx";
import { instancesOf } from "./instances-of.ts";
import styles from "./panel.module.css";

type GroupRolesProps = {
  readonly detail: SetDetail;
  readonly group: GroupBox;
  readonly onSelectPod: (pod: string) => void;
};

/** Each role with its pods; of multi-node roles instance by instance, and of recreated roles which life they are in. */
export function GroupRoles({ detail, group, onSelectPod }: GroupRolesProps) {
  return (
    <section className={styles.section}>
      <h3>Roles</h3>
      <ul className={styles.roles}>
        {group.roles.map((role) => {
          const view = group.view.roles.find((each) => each.role === role.role);
          return (
            <li key={role.role}>
              <div className={styles.role}>
                <span className="mono strong">{role.role}</span>
                <span className="ink-3 small">{roleText(role)}</span>
              </div>
              {view?.behind !== null && view !== undefined && (
                <p className="small ink-2">
                  Still on revision {view.behind}; the rollout to {detail.rollout.target} takes it in its turn.
                </p>
              )}
              {view?.restart !== null && view !== undefined && <RoleRestart restart={view.restart} />}
              <RolePods role={role} onSelectPod={onSelectPod} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function roleText(role: RoleBlock): string {
  if (role.stage === "waiting" && role.waitsFor.length > 0) return `waits for ${role.waitsFor.join(", ")}`;
  return role.size > 1
    ? `${role.ready} of ${role.replicas} instances ready, ${role.size} pods each`
    : `${role.ready} of ${role.replicas} ready`;
}

type RolePodsProps = {
  readonly role: RoleBlock;
  readonly onSelectPod: (pod: string) => void;
};

function RolePods({ role, onSelectPod }: RolePodsProps) {
  if (role.size === 1) {
    return (
      <div className={styles.rolePods}>
        {role.cells.map((cell) => (
          <PodLink key={cell.key} cell={cell} label={cell.label} onSelectPod={onSelectPod} />
        ))}
      </div>
    );
  }
  return instancesOf(role.cells).map((instance) => (
    <fieldset key={instance.name} className={styles.rolePods} data-instance aria-label={instance.name}>
      {instance.cells.map((cell) => (
        <PodLink
          key={cell.key}
          cell={cell}
          label={isLeader(cell) ? `${cell.label} leader` : cell.label}
          onSelectPod={onSelectPod}
        />
      ))}
    </fieldset>
  ));
}

type PodLinkProps = {
  readonly cell: PodCell;
  readonly label: string;
  readonly onSelectPod: (pod: string) => void;
};

function PodLink({ cell, label, onSelectPod }: PodLinkProps) {
  return (
    <button
      type="button"
      className={styles.podLink}
      title={`${cell.pod.name}: ${cell.pod.stateText}`}
      onClick={() => onSelectPod(cell.pod.name)}
    >
      <StateGlyph state={cell.isCause ? "failed" : stateOfPod(cell.pod.state)} progress={cell.pod.progress} size={11} />
      <span className="mono">{label}</span>
    </button>
  );
}

const RESTART_WORD = {
  leaving: "is being stopped",
  waiting: "starts in",
  starting: "is starting",
  ready: "is ready",
  "given-up": "was given up",
} as const;

/** The role was recreated by itself; the rest of the group went on. */
function RoleRestart({ restart }: { readonly restart: RoleRestartView }) {
  const nowMs = useNow();
  return (
    <p className="small ink-2">
      Restart {restart.number} {RESTART_WORD[restart.stage]}
      {restart.untilMs !== null && (
        <>
          {" "}
          <Countdown untilMs={restart.untilMs} />
        </>
      )}
      : {restart.message}
      {nowMs === null ? "" : `, ${formatDuration(Math.max(0, nowMs - restart.atMs))} ago`}
    </p>
  );
}
