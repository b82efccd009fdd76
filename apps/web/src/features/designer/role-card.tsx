import type { Problem } from "@openpatio/core/spec";
import { Handle, type Node, type NodeProps, Position, useConnection } from "@xyflow/react";
import { TriangleAlert } from "lucide-react";
import type { CSSProperties } from "react";
import { Stepper } from "#ui/stepper.tsx";
import { type DesignRole, podsText } from "./design.ts";
import type { RoleChanges } from "./design-changes.ts";
import styles from "./role-card.module.css";

export type RoleNode = Node<
  {
    readonly role: DesignRole;
    readonly changes: RoleChanges;
    /** Dependencies that no role has. */
    readonly unknown: readonly string[];
    readonly isStacked: boolean;
    readonly onScale: (replicas: number) => void;
  },
  "role"
>;

/** More tiles than this would say less than the number does. */
const MAX_TILES = 8;

export function RoleCard({ id, data, selected, width, height }: NodeProps<RoleNode>) {
  const { role, changes, unknown, isStacked } = data;
  const gpus = role.gpusPerInstance * role.replicas;
  const problem = role.problems[0];
  const isDrawing = useConnection((connection) => connection.inProgress && connection.fromNode.id !== id);
  return (
    <article
      className={styles.card}
      data-selected={selected || undefined}
      data-bad={problem !== undefined || undefined}
      data-drawing={isDrawing || undefined}
      data-stacked={isStacked || undefined}
      aria-label={role.name || "unnamed"}
      style={{ "--width": `${width ?? 0}px`, "--height": `${height ?? 0}px` } as CSSProperties}
    >
      <header className={styles.head}>
        <b title={role.name}>{role.name || "unnamed"}</b>
        {changes.isNew && <span className={styles.new}>new</span>}
        <span className={`${styles.stepper} nodrag nopan`} data-changed={isChanged(changes, "replicas", role)}>
          <Stepper
            label={`${role.size > 1 ? "Instances" : "Pods"} of ${role.name}`}
            size="dense"
            value={role.replicas}
            onChange={data.onScale}
          />
        </span>
      </header>
      <div className={styles.pods}>
        <Tiles role={role} />
        {role.size > 1 && <span data-changed={isChanged(changes, "size", role)}>{podsText(role)}</span>}
        <span data-changed={isChanged(changes, "gpusPerInstance", role)}>
          {gpus === 0 ? "no GPU" : `${gpus} ${gpus === 1 ? "GPU" : "GPUs"}`}
        </span>
      </div>
      <dl className={styles.facts}>
        {FACTS.map(({ label, of }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd
              title={of(role)}
              data-changed={(changes.before !== null && of(changes.before) !== of(role)) || undefined}
            >
              {shortText(of(role)) || "none"}
            </dd>
          </div>
        ))}
      </dl>
      {problem !== undefined && (
        <footer className={styles.foot} title={problem.message}>
          <TriangleAlert size={12} strokeWidth={1.75} aria-hidden />
          <span>{footText(role.problems, unknown)}</span>
        </footer>
      )}
      {!isStacked &&
        unknown.map((name, i) => (
          // oxlint-disable-next-line react/no-array-index-key -- a name may be written twice
          <span key={i} className={styles.loose} style={{ top: 84 + i * 20 }} aria-hidden>
            <span>{name}</span>
            <svg width="44" height="9" viewBox="0 0 44 9">
              <path d="M0 4.5h37" strokeDasharray="4 3" />
              <path d="M43 4.5l-7-4v8z" className={styles.looseHead} />
            </svg>
          </span>
        ))}
      {/* Last, so that the handle, which covers the card while a wire is drawn, is on top of it. */}
      <Handle type="target" position={Position.Left} className={styles.in} />
      <Handle type="source" position={isStacked ? Position.Left : Position.Right} className={styles.out} />
    </article>
  );
}

function footText(problems: readonly Problem[], unknown: readonly string[]): string {
  if (problems.length > 1) return `${problems.length} problems`;
  const [problem] = problems;
  return problem?.code === "unknown-role" && unknown.length === 1
    ? `no role “${unknown[0]}”`
    : (problem?.message ?? "");
}

function Tiles({ role }: { readonly role: DesignRole }) {
  const rest = role.replicas - MAX_TILES;
  return (
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
      {rest > 0 && <small>+{rest}</small>}
    </span>
  );
}

type Fact = { readonly label: string; readonly of: (role: DesignRole) => string };

const FACTS: readonly Fact[] = [
  { label: "kind", of: (role) => role.kind },
  { label: "image", of: (role) => role.containers[0]?.image ?? "" },
  { label: "ports", of: portsText },
  { label: "on fail", of: (role) => (role.onPodFailure === "Ignore" ? "ignore" : "recover") },
];

/** An image without its registry and organisation. */
const shortText = (text: string): string => text.split("/").at(-1) ?? text;

function portsText(role: DesignRole): string {
  return role.containers
    .flatMap((container) => container.ports)
    .map(({ name, port }) => [name, port].filter((part) => part !== "" && part !== null).join(" "))
    .join(", ");
}

const isChanged = (
  changes: RoleChanges,
  field: "replicas" | "size" | "gpusPerInstance",
  role: DesignRole,
): true | undefined => (changes.before !== null && changes.before[field] !== role[field]) || undefined;
