import type { Refusal } from "@openpatio/core/placement";
import styles from "./fit-tiles.module.css";

/** One tile per pod and domain: filled would fit, dashed has no room; where nothing was tried, the word why. */
export function FitTiles({ refusals }: { readonly refusals: readonly Refusal[] }) {
  return (
    <ul className={styles.fits}>
      {refusals.map((refusal) => (
        <li key={`${refusal.cluster}/${refusal.domain}`}>
          <b className="mono">{[refusal.cluster, refusal.domain].filter((part) => part !== null).join("/")}</b>
          {refusal.fits.length > 0 && (
            <span className={styles.tiles}>
              <span className="sr-only">{`${refusal.fits.filter((pod) => pod.fits).length} of ${refusal.fits.length} pods would fit`}</span>
              {refusal.fits.map((pod) => (
                <i
                  key={`${pod.role}-${pod.ordinal}-${pod.worker ?? 0}`}
                  data-fits={pod.fits || undefined}
                  title={`${pod.role}-${pod.ordinal}${pod.worker === undefined ? "" : `-${pod.worker}`}: ${pod.fits ? "would fit" : "no room"}`}
                />
              ))}
            </span>
          )}
          <span>{refusal.message}</span>
        </li>
      ))}
    </ul>
  );
}
