"use client";

import { useState } from "react";
import { useNow } from "#lib/clock.ts";
import { PageHead } from "#ui/layout.tsx";
import { Skeleton, SkeletonRows } from "#ui/skeleton.tsx";
import styles from "./set.module.css";

const PATIENCE_MS = 2_000;

/** The page's final layout while its topic has not come; after two seconds it says whom it waits for. */
export function SetSkeleton({ name }: { readonly name: string }) {
  const nowMs = useNow();
  const [openedAtMs] = useState(() => Date.now());
  const isLate = nowMs !== null && nowMs - openedAtMs > PATIENCE_MS;
  return (
    <div className={styles.page} aria-busy>
      <PageHead title={name} isName beside={<Skeleton width={84} />}>
        {isLate ? "Waiting for the server to send this set." : <Skeleton width={320} />}
      </PageHead>
      <div className={styles.controls}>
        <div className={styles.scales}>
          {[0, 1, 2].map((key) => (
            <div key={key} className={styles.scale}>
              <Skeleton width={64} />
              <Skeleton width={96} />
            </div>
          ))}
        </div>
        <div className={styles.rollout}>
          <Skeleton width={200} />
        </div>
      </div>
      <SkeletonRows count={8} widths={[96, 160, 160, 96]} label={`Waiting for ${name}`} />
    </div>
  );
}
