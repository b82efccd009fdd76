import type { PreviewView } from "@openpatio/core/view";
import { type CSSProperties, useState } from "react";
import { SectionHead } from "#ui/layout.tsx";
import { prepareStartup } from "./prepare-startup.ts";
import styles from "./startup-lanes.module.css";

const SHOWN = 8;

type StartupLanesProps = {
  readonly view: PreviewView;
  /** Groups that may be down at once. */
  readonly maxUnavailable: number;
};

/** Each group's way through stop and waves, and what serves meanwhile. */
export function StartupLanes({ view, maxUnavailable }: StartupLanesProps) {
  const [isWhole, setWhole] = useState(false);
  const { steps, lanes } = prepareStartup(view, maxUnavailable);
  const shown = isWhole ? lanes : lanes.slice(0, SHOWN);
  return (
    <section aria-labelledby="preview-startup">
      <SectionHead id="preview-startup" title="Startup" note="what follows what; lengths are not times" isSeparated>
        <ul className={styles.legend} aria-hidden>
          <li data-kind="stops">stopping</li>
          <li data-kind="wave">starting</li>
          <li data-kind="serves">serving</li>
        </ul>
      </SectionHead>
      {view.waves.length > 1 && (
        <p className={styles.order}>
          {view.waves.map((wave, i) => (
            <span key={wave.wave}>
              <b>Wave {wave.wave}</b> <span className="mono">{wave.roles.map(roleText).join(", ")}</span>{" "}
              {wave.after.length === 0 ? "at once" : `when ${wave.after.join(", ")} ready`}
              {i < view.waves.length - 1 ? " · " : ""}
            </span>
          ))}
        </p>
      )}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keyboard has to be able to scroll it */}
      <section className={styles.scroll} aria-label="Startup of each group" tabIndex={0}>
        <ol className={styles.lanes} style={{ "--steps": steps } as CSSProperties}>
          {shown.map((lane) => (
            <li key={lane.group}>
              <div className={styles.who}>
                <b>group {lane.group}</b>
                <span className="mono">{lane.where}</span>
              </div>
              <ol className={styles.track}>
                {lane.segments.map((segment) => (
                  <li
                    key={segment.from}
                    data-kind={segment.kind}
                    style={{ gridColumn: `${segment.from + 1} / ${segment.to + 1}` }}
                    title={segment.text}
                  >
                    <span>{segment.text}</span>
                  </li>
                ))}
              </ol>
            </li>
          ))}
        </ol>
      </section>
      {lanes.length > shown.length && (
        <button type="button" className={styles.more} onClick={() => setWhole(true)}>
          Show all {lanes.length} groups
        </button>
      )}
    </section>
  );
}

const roleText = ({ role, replicas, size }: PreviewView["waves"][number]["roles"][number]): string =>
  size === 1 ? role : `${role} (${replicas} × ${size} pods)`;
