"use client";

import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { toFailure } from "#lib/errors.ts";
import { type SetKey } from "#lib/paths.ts";
import { useTRPC } from "#lib/trpc.tsx";
import { CopyButton } from "#ui/code-block.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { CodeView } from "./code-view.tsx";
import styles from "./discovery.module.css";

type DiscoveryViewProps = {
  readonly set: SetKey;
  readonly group: number;
  /** Changes when the group's discovery may have changed: it is asked for again. */
  readonly version: number | string;
};

/** What the containers of one group find under /etc/rbg and in their environment. */
export function DiscoveryView({ set, group, version }: DiscoveryViewProps) {
  const trpc = useTRPC();
  const query = useQuery(trpc.sets.discovery.queryOptions({ ...set, group }));
  const { refetch } = query;
  useEffect(() => {
    // `version` is not part of the request, so the cache does not know that it matters.
    if (version !== "") void refetch();
  }, [version, refetch]);
  if (query.isPending) return <SkeletonRows count={8} widths={[220]} label="Waiting for the discovery data" />;
  if (query.isError) {
    return (
      <div className={styles.block}>
        <ProblemList failure={toFailure(query.error)} />
      </div>
    );
  }
  const env = Object.entries(query.data.env);
  return (
    <div className={styles.discovery}>
      <section aria-label="Discovery file">
        <div className={styles.title}>
          <h3 className="mono">/etc/rbg/config.yaml</h3>
          <span className="ink-3 small">mounted in every container</span>
        </div>
        <CodeView text={query.data.configYaml} label="config.yaml" fileName={`${set.name}-${group}-config.yaml`} />
      </section>
      <section aria-label="Environment">
        <div className={styles.title}>
          <h3>Environment</h3>
          <span className="ink-3 small">as of the start of a container</span>
          <span className={styles.copy}>
            <CopyButton text={env.map(([key, value]) => `${key}=${value}`).join("\n")} label="Copy environment" />
          </span>
        </div>
        <dl className={styles.env}>
          {env.map(([key, value]) => (
            <div key={key}>
              <dt className="mono">{key}</dt>
              <dd className="mono">{value}</dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}
