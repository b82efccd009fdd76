import type { PreviewView } from "@openpatio/core/view";
import { ArrowRight } from "lucide-react";
import styles from "./waves.module.css";

/** The order of a start, left to right: what runs in a wave, and what it waits for. */
export function Waves({ waves }: Pick<PreviewView, "waves">) {
  return (
    <ol className={styles.waves}>
      {waves.map((wave) => (
        <li key={wave.wave}>
          {wave.wave > 1 && <ArrowRight size={16} strokeWidth={1.75} className={styles.arrow} aria-hidden />}
          <div className={styles.wave}>
            <header>
              <b>Wave {wave.wave}</b>{" "}
              {wave.after.length === 0
                ? "at once"
                : `when ${wave.after.join(", ")} ${wave.after.length === 1 ? "is" : "are"} ready`}
            </header>
            {wave.roles.map((role) => (
              <p key={role.role}>
                <span className="mono strong">{role.role}</span> ×{role.replicas}
              </p>
            ))}
          </div>
        </li>
      ))}
    </ol>
  );
}
