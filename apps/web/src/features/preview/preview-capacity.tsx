import type { PreviewView } from "@openpatio/core/view";
import { useState } from "react";
import { SectionHead } from "#ui/layout.tsx";
import { MeterBar } from "#ui/meter-bar.tsx";
import styles from "./preview.module.css";

/** Domains that change are always shown; of the others this many without asking. */
const SHOWN_OTHERS = 8;

export function PreviewCapacity({ view }: { readonly view: PreviewView }) {
  const [isWhole, setWhole] = useState(false);
  const concerned = view.capacity.filter((each) => each.usedAfter !== each.usedBefore || each.note !== "");
  const others = view.capacity.filter((each) => !concerned.includes(each));
  const shown = isWhole ? [...concerned, ...others] : [...concerned, ...others.slice(0, SHOWN_OTHERS)];
  return (
    <section aria-labelledby="preview-capacity">
      <SectionHead id="preview-capacity" title="Capacity" note="GPUs per domain, after the change" isSeparated />
      <ul className={styles.capacity}>
        {shown.map((each) => {
          const own = Math.max(0, each.usedAfter - each.usedBefore);
          const free = Math.max(0, each.total - each.usedAfter - each.blocked);
          return (
            <li key={`${each.cluster}/${each.domain}`}>
              <span className="mono">
                {each.cluster}/{each.domain}
              </span>
              <MeterBar
                parts={[
                  { kind: "own", count: own, word: "this change" },
                  { kind: "other", count: Math.min(each.usedBefore, each.usedAfter), word: "held" },
                  { kind: "cordoned", count: each.blocked, word: "not usable" },
                  { kind: "free", count: free, word: "free" },
                ]}
              />
              <span className="num">{free} free</span>
              <span className={styles.note}>{each.note}</span>
            </li>
          );
        })}
      </ul>
      {view.capacity.length > shown.length && (
        <button type="button" className={styles.all} onClick={() => setWhole(true)}>
          Show all {view.capacity.length} domains
        </button>
      )}
    </section>
  );
}
