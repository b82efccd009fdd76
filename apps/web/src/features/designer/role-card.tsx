"use client";

import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { TriangleAlert } from "lucide-react";
import { Stepper } from "#ui/stepper.tsx";
import type { DesignRole } from "./design.ts";
import styles from "./role-card.module.css";

export type RoleNode = Node<
  { readonly role: DesignRole; readonly isOrdered: boolean; readonly onScale: (replicas: number) => void },
  "role"
>;

/** More tiles than this would say less than the number does. */
const MAX_TILES = 8;

export function RoleCard({ data, selected }: NodeProps<RoleNode>) {
  const { role } = data;
  const container = role.containers[0];
  const gpus = role.gpusPerPod * role.replicas;
  const problem = role.problems[0];
  return (
    <article
      className={styles.card}
      data-selected={selected || undefined}
      data-bad={problem !== undefined || undefined}
    >
      <Handle type="target" position={Position.Left} className={styles.in} aria-label={`${role.name} waits for`} />
      <Handle
        type="source"
        position={Position.Right}
        className={styles.out}
        aria-label={`Make another role wait for ${role.name}`}
      />
      <header className={styles.head}>
        <b title={role.name}>{role.name || "unnamed"}</b>
        <span className="nodrag nopan">
          <Stepper label={`Pods of ${role.name}`} size="dense" value={role.replicas} onChange={data.onScale} />
        </span>
      </header>
      <div className={styles.pods}>
        <span className={styles.tiles} aria-hidden>
          {Array.from({ length: Math.min(role.replicas, MAX_TILES) }, (_, i) => (
            // oxlint-disable-next-line react/no-array-index-key -- tiles are alike and have no identity
            <i key={i} data-cpu={role.gpusPerPod === 0 || undefined}>
              {Array.from({ length: Math.min(role.gpusPerPod, 8) }, (__, g) => (
                // oxlint-disable-next-line react/no-array-index-key -- as above
                <u key={g} />
              ))}
            </i>
          ))}
        </span>
        <span>{gpus === 0 ? "no GPU" : `${gpus} ${gpus === 1 ? "GPU" : "GPUs"}`}</span>
      </div>
      <dl className={styles.facts}>
        <dt>kind</dt>
        <dd>{role.kind}</dd>
        <dt>image</dt>
        <dd title={container?.image}>{container?.image.split("/").at(-1) || "none"}</dd>
        <dt>ports</dt>
        <dd>{portsText(role) || "none"}</dd>
        <dt>on fail</dt>
        <dd>{role.onPodFailure === "Ignore" ? "ignore" : "recreate the group"}</dd>
      </dl>
      {problem !== undefined && (
        <footer className={styles.foot} title={problem.message}>
          <TriangleAlert size={12} strokeWidth={1.75} aria-hidden />
          <span>{role.problems.length > 1 ? `${role.problems.length} problems` : problem.message}</span>
        </footer>
      )}
    </article>
  );
}

const portsText = (role: DesignRole): string =>
  role.containers
    .flatMap((container) => container.ports)
    .map(({ name, port }) => [name, port].filter((part) => part !== "" && part !== null).join(" "))
    .join(", ");
