"use client";

import { GROUP_PHASES } from "@openpatio/core/model";
import type { SetDetail } from "@openpatio/core/view";
import type { TopologyModel } from "#features/topology/model.ts";
import { GROUP_WORD } from "#features/topology/states.ts";
import { KeyValues } from "#ui/key-values.tsx";
import { stateOfPhase } from "#ui/state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import { RelativeTime } from "#ui/time.tsx";
import styles from "./panel.module.css";

type SetPanelProps = {
  readonly detail: SetDetail;
  readonly model: TopologyModel;
  readonly onSelectGroup: (index: number) => void;
};

const SHOWN_GROUPS = 40;

/** What the panel shows while nothing is selected: what needs a look, and what the set is. */
export function SetPanel({ detail, model, onSelectGroup }: SetPanelProps) {
  const notReady = model.groups
    .filter((group) => group.view.phase !== "Ready")
    .toSorted(
      (a, b) => GROUP_PHASES.indexOf(a.view.phase) - GROUP_PHASES.indexOf(b.view.phase) || a.view.index - b.view.index,
    );
  // The others repeat what the list of groups says better.
  const conditions = detail.conditions.filter(
    ({ type, status, message }) =>
      status !== "True" &&
      message !== "" &&
      // That it is paused stands above, beside the button that ends it.
      (type === "Accepted" || (type === "Progressing" && !detail.rollout.isPaused)),
  );
  return (
    <>
      <section className={styles.section}>
        <h3>
          Not ready
          <span className={styles.note}>
            {notReady.length === 0 ? "no group" : `${notReady.length} of ${detail.replicas}`}
          </span>
        </h3>
        {notReady.length === 0 ? (
          <p className="small ink-2">
            {detail.replicas === 0
              ? "The set asks for no groups."
              : "Every group is ready. Choose one, or a pod, to see more."}
          </p>
        ) : (
          <ul className={styles.near}>
            {notReady.slice(0, SHOWN_GROUPS).map(({ view }) => (
              <li key={view.index}>
                <button type="button" onClick={() => onSelectGroup(view.index)}>
                  <StateGlyph state={stateOfPhase(view.phase)} />
                  <span className="mono strong">{view.index}</span>
                  <span className="ink-2">{view.message ?? GROUP_WORD[view.phase]}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </section>
      {conditions.length > 0 && (
        <section className={styles.section}>
          <h3>Conditions</h3>
          <ul className={styles.conditions}>
            {conditions.map((condition) => (
              <li key={condition.type}>
                <p>{condition.message}</p>
                <p className="small ink-3">
                  {condition.type}: {condition.status}
                </p>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className={styles.section}>
        <h3>One group</h3>
        <KeyValues
          pairs={[
            ["pods", String(detail.roles.reduce((sum, role) => sum + role.replicas * role.size, 0))],
            ["GPUs", String(detail.roles.reduce((sum, role) => sum + role.replicas * role.gpusPerInstance, 0))],
            ["startup", detail.startupPolicy === "Ordered" ? "in order of dependencies" : "all roles at once"],
            [
              "placement",
              detail.topologyKey === null ? (
                "anywhere in a cluster"
              ) : (
                <>
                  in one{" "}
                  <span key="placement" className="mono">
                    {detail.topologyKey.slice(detail.topologyKey.lastIndexOf("/") + 1)}
                  </span>
                  {detail.exclusive === "None" ? "" : `, exclusive: ${detail.exclusive}`}
                </>
              ),
            ],
            ["created", <CreatedAt key="created" atMs={detail.createdAtMs} />],
          ]}
        />
      </section>
    </>
  );
}

function CreatedAt({ atMs }: { readonly atMs: number }) {
  return (
    <>
      <RelativeTime atMs={atMs} form="full" /> ago
    </>
  );
}
