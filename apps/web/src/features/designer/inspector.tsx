"use client";

import type { YamlEdit } from "@openpatio/core/spec";
import { Copy, Plus, Trash2, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { Button, IconButton } from "#ui/button.tsx";
import { Field, Input, Select, Textarea } from "#ui/field.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { Stepper } from "#ui/stepper.tsx";
import { type Design, type DesignContainer, type DesignRole, GPU, ringIfWaiting } from "./design.ts";
import { changesOf, wasText } from "./design-changes.ts";
import {
  addDependency,
  containerPath,
  removeDependency,
  renameRole,
  rolePath,
  setInstanceSize,
  setOrDrop,
  setReadiness,
  setResource,
  setTopology,
} from "./design-edits.ts";
import styles from "./inspector.module.css";

const API_VERSIONS: Readonly<Record<string, string>> = { LeaderWorkerSet: "leaderworkerset.x-k8s.io/v1" };

type InspectorProps = {
  readonly design: Design;
  /** What is stored, for "was …"; null for a new set. */
  readonly stored: Design | null;
  readonly role: DesignRole | null;
  /** The definition exists: its name and namespace are settled. */
  readonly isExisting: boolean;
  readonly clusters: readonly string[];
  readonly onEdit: (edits: readonly YamlEdit[]) => void;
  readonly onDuplicate: (role: DesignRole) => void;
  readonly onRemove: (role: DesignRole) => void;
};

/** The form beside the canvas: a role when one is selected, else the set. */
export function Inspector(props: InspectorProps) {
  return (
    <aside
      className={styles.inspector}
      aria-label={props.role === null ? "Inspector of the set" : `Inspector of role ${props.role.name}`}
    >
      {!props.design.isEditable && (
        <p className={styles.locked}>
          {props.design.problems[0]?.code === "too-large"
            ? "The text is too large to be edited as a form."
            : "The form is off while the text can't be read as YAML. Mend the text first."}
        </p>
      )}
      <fieldset className={styles.form} disabled={!props.design.isEditable}>
        {props.role === null ? (
          <SetForm {...props} />
        ) : (
          <RoleForm key={props.role.index} {...props} role={props.role} />
        )}
      </fieldset>
    </aside>
  );
}

function SetForm({ design, stored, isExisting, clusters, onEdit }: InspectorProps) {
  const settled = isExisting ? "A set keeps its name and namespace." : undefined;
  const cluster = design.clusters[0] ?? "";
  return (
    <>
      <Section title="Set">
        <TextField
          label="Name"
          value={design.name}
          isReadOnly={isExisting}
          hint={settled}
          error={problemAt(design, "metadata.name")}
          onCommit={(name) => onEdit([{ path: ["metadata", "name"], value: name }])}
        />
        <TextField
          label="Namespace"
          value={design.namespace}
          isReadOnly={isExisting}
          error={problemAt(design, "metadata.namespace")}
          onCommit={(namespace) => onEdit(setOrDrop(["metadata", "namespace"], namespace, "default"))}
        />
        <Row
          label="Groups"
          was={wasText(
            String(design.replicas ?? 1),
            textOf(stored, (each) => each.replicas ?? 1),
          )}
        >
          <Stepper
            label="Groups"
            value={design.replicas ?? 1}
            onChange={(replicas) => onEdit([{ path: ["spec", "replicas"], value: replicas }])}
          />
        </Row>
        <Field label="Cluster" error={problemAt(design, "spec.placement.clusters")}>
          <Select
            value={cluster}
            onChange={(event) =>
              onEdit([
                event.target.value === ""
                  ? { path: ["spec", "placement", "clusters"], delete: true }
                  : { path: ["spec", "placement", "clusters", "names"], value: [event.target.value] },
              ])
            }
          >
            <option value="">chosen at apply</option>
            {[...new Set([...clusters, ...design.clusters])].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </Field>
        <Row
          label="Startup"
          was={wasText(
            design.startupPolicy,
            textOf(stored, (each) => each.startupPolicy),
          )}
        >
          <Segmented
            label="Startup policy"
            size="dense"
            options={[
              { value: "Ordered", label: "Ordered" },
              { value: "Parallel", label: "Parallel" },
            ]}
            value={design.startupPolicy}
            onChange={(policy) => onEdit(setOrDrop(["spec", "startupPolicy"], policy, "Ordered"))}
          />
        </Row>
      </Section>
      <Section title="Placement">
        <Field
          label="Keep a group in one"
          hint="All pods of a group run in one domain of this node label."
          error={problemAt(design, "spec.placement.topology")}
        >
          <Select
            value={design.topologyKey}
            onChange={(event) => onEdit(setTopology(event.target.value, design.exclusive))}
          >
            <option value="">no constraint</option>
            {[...new Set([...TOPOLOGY_KEYS, design.topologyKey])].filter(Boolean).map((key) => (
              <option key={key}>{key}</option>
            ))}
          </Select>
        </Field>
        {design.topologyKey !== "" && (
          <Field label="Share it with" hint={EXCLUSIVE_HINT[design.exclusive]}>
            <Select
              value={design.exclusive}
              onChange={(event) => onEdit(setTopology(design.topologyKey, event.target.value))}
            >
              {Object.keys(EXCLUSIVE_HINT).map((value) => (
                <option key={value}>{value}</option>
              ))}
            </Select>
          </Field>
        )}
        <Row label="Prefer">
          <Segmented
            label="Placement strategy"
            size="dense"
            options={[
              { value: "Pack", label: "Fullest" },
              { value: "Spread", label: "Emptiest" },
            ]}
            value={design.strategy}
            onChange={(strategy) => onEdit(setOrDrop(["spec", "placement", "strategy"], strategy, "Pack"))}
          />
        </Row>
      </Section>
      <Section title="Rollout">
        <TextField
          label="Groups down"
          value={design.maxUnavailable}
          was={textOf(stored, (each) => each.maxUnavailable)}
          hint="At once, at most: a number, or a percentage of the groups."
          error={problemAt(design, "spec.rollout")}
          onCommit={(text) =>
            onEdit(setOrDrop(["spec", "rollout", "maxUnavailable"], /^\d+$/.test(text) ? Number(text) : text, 1))
          }
        />
      </Section>
    </>
  );
}

const textOf = (stored: Design | null, read: (design: Design) => string | number): string | undefined =>
  stored === null ? undefined : String(read(stored));

const TOPOLOGY_KEYS = ["topology.kubernetes.io/rack", "topology.kubernetes.io/zone", "kubernetes.io/hostname"];
const EXCLUSIVE_HINT: Readonly<Record<string, string>> = {
  None: "Any other group.",
  Group: "Groups of other sets, never another group of this one.",
  Set: "No group of this set or of another exclusive set.",
  All: "Nothing else at all.",
};

function RoleForm({
  design,
  stored,
  role,
  onEdit,
  onDuplicate,
  onRemove,
}: InspectorProps & { readonly role: DesignRole }) {
  const { before, isNew } = changesOf(role, stored);
  const [containerIndex, setContainer] = useState(0);
  const at = Math.min(containerIndex, Math.max(role.containers.length - 1, 0));
  const container = role.containers[at];
  const gpus = role.gpusPerInstance * role.replicas;
  const size = role.size ?? 1;
  return (
    <>
      <Section
        title={
          <>
            <span className="mono strong">{role.name || "unnamed"}</span>
            {isNew && <span className={styles.note}> new</span>}
          </>
        }
        actions={
          <>
            <IconButton label={`Duplicate ${role.name}`} size="dense" onClick={() => onDuplicate(role)}>
              <Copy size={14} strokeWidth={1.75} aria-hidden />
            </IconButton>
            <IconButton
              label={`Remove ${role.name}`}
              size="dense"
              disabledReason={design.roles.length === 1 ? "A group needs at least one role" : null}
              onClick={() => onRemove(role)}
            >
              <Trash2 size={14} strokeWidth={1.75} aria-hidden />
            </IconButton>
          </>
        }
      >
        <TextField
          label="Name"
          value={role.name}
          error={roleProblem(role, "role")}
          onCommit={(name) => onEdit(renameRole(design, role, name))}
        />
        <Row
          label={size > 1 ? "Instances" : "Pods"}
          note={`per group, ${gpus === 0 ? "no GPU" : `${gpus} GPUs`}`}
          was={wasText(String(role.replicas), before === null ? undefined : String(before.replicas))}
        >
          <Stepper
            label={`${size > 1 ? "Instances" : "Pods"} of ${role.name} per group`}
            value={role.replicas}
            onChange={(replicas) => onEdit([{ path: rolePath(role.index, "replicas"), value: replicas }])}
          />
        </Row>
        <Row
          label="Pods per instance"
          note={size > 1 ? `a leader and ${formatPlural(size - 1, "worker")}` : "on one node"}
          was={wasText(String(size), before === null ? undefined : String(before.size ?? 1))}
        >
          <Stepper
            label={`Pods per instance of ${role.name}`}
            value={size}
            min={1}
            onChange={(next) => onEdit(setInstanceSize(role, next))}
          />
        </Row>
        <Field label="Workload" error={roleProblem(role, "workload")} hint={wasText(role.kind, before?.kind)}>
          <Select
            value={role.kind}
            onChange={(event) =>
              onEdit([
                event.target.value === "StatefulSet"
                  ? { path: rolePath(role.index, "workload"), delete: true }
                  : {
                      path: rolePath(role.index, "workload"),
                      value: { apiVersion: API_VERSIONS[event.target.value] ?? "apps/v1", kind: event.target.value },
                    },
              ])
            }
          >
            {[...new Set(["StatefulSet", "Deployment", "LeaderWorkerSet", role.kind])].map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </Select>
        </Field>
        <WaitsFor design={design} role={role} before={before} onEdit={onEdit} />
        <Row label="If a pod fails" was={wasText(role.onPodFailure, before?.onPodFailure)}>
          <Segmented
            label="If a pod fails"
            size="dense"
            options={[
              { value: "Recreate", label: "Recreate group" },
              { value: "Ignore", label: "Ignore" },
            ]}
            value={role.onPodFailure}
            onChange={(value) => onEdit(setOrDrop(rolePath(role.index, "onPodFailure"), value, "Recreate"))}
          />
        </Row>
      </Section>
      {container !== undefined && (
        <ContainerForm
          key={at}
          role={role}
          index={at}
          container={container}
          before={before?.containers.find((each) => each.name === container.name)}
          onEdit={onEdit}
          chooser={
            role.containers.length > 1 ? (
              <Select
                density="dense"
                aria-label="Container"
                value={String(at)}
                onChange={(event) => setContainer(Number(event.target.value))}
              >
                {role.containers.map((each, i) => (
                  <option key={each.name} value={i}>
                    {each.name}
                  </option>
                ))}
              </Select>
            ) : null
          }
        />
      )}
    </>
  );
}

type WaitsForProps = Pick<InspectorProps, "design" | "onEdit"> & {
  readonly role: DesignRole;
  readonly before: DesignRole | null;
};

function WaitsFor({ design, role, before, onEdit }: WaitsForProps) {
  const known = new Set(design.roles.map((each) => each.name));
  const others = design.roles.filter((each) => each.name !== role.name && !role.dependencies.includes(each.name));
  const problem = role.problems.find((each) => each.path.includes(".dependencies"));
  const suggestion = problem?.suggestion;
  return (
    <Row
      label="Waits for"
      was={wasText(listText(role.dependencies), before === null ? undefined : listText(before.dependencies))}
    >
      <div className={styles.tokens}>
        {role.dependencies.map((name) => (
          <span key={name} className={styles.token} data-bad={!known.has(name) || undefined}>
            {name}
            <button
              type="button"
              aria-label={`${role.name} no longer waits for ${name}`}
              onClick={() => onEdit(removeDependency(role, name))}
            >
              <X size={12} strokeWidth={1.75} aria-hidden />
            </button>
          </span>
        ))}
        {others.length > 0 && (
          <Select
            density="dense"
            aria-label={`Make ${role.name} wait for`}
            value=""
            onChange={(event) => onEdit(addDependency(role, event.target.value))}
          >
            <option value="" disabled>
              add…
            </option>
            {others.map((each) => {
              const ring = ringIfWaiting(design.roles, role.name, each.name);
              return (
                <option key={each.name} value={each.name} disabled={ring !== null}>
                  {ring === null ? each.name : `${each.name} (a cycle: ${ring.join(" › ")})`}
                </option>
              );
            })}
          </Select>
        )}
      </div>
      {problem !== undefined && (
        <p className={styles.error}>
          {problem.message}{" "}
          {suggestion !== undefined && problem.code === "unknown-role" && (
            <button
              type="button"
              className={styles.fix}
              onClick={() =>
                onEdit([{ path: rolePath(role.index, "dependencies", lastIndex(problem.path)), value: suggestion }])
              }
            >
              Use {suggestion}
            </button>
          )}
        </p>
      )}
    </Row>
  );
}

const listText = (names: readonly string[]): string => names.join(", ") || "nothing";
const lastIndex = (path: string): number => Number(/\[(\d+)\]$/.exec(path)?.[1] ?? 0);

type ContainerFormProps = Pick<InspectorProps, "onEdit"> & {
  readonly role: DesignRole;
  readonly index: number;
  readonly container: DesignContainer;
  /** The stored container of the same name. */
  readonly before: DesignContainer | undefined;
  readonly chooser: ReactNode;
};

function ContainerForm({ role, index, container, before, chooser, onEdit }: ContainerFormProps) {
  const path = (...rest: readonly (string | number)[]) => containerPath(role.index, index, ...rest);
  const problem = (field: string) => roleProblem(role, `template.spec.containers[${index}].${field}`);
  const lines = (text: string) =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  return (
    <>
      <Section
        title={
          <>
            Container <span className="mono">{container.name}</span>
          </>
        }
        actions={chooser}
      >
        <TextField
          label="Image"
          value={container.image}
          was={before?.image}
          error={problem("image")}
          onCommit={(image) => onEdit([{ path: path("image"), value: image }])}
        />
        <LinesField
          label="Command"
          value={container.command}
          was={before?.command}
          onCommit={(text) => onEdit(listEdit(path("command"), lines(text)))}
        />
        <LinesField
          label="Arguments"
          value={container.args}
          was={before?.args}
          onCommit={(text) => onEdit(listEdit(path("args"), lines(text)))}
        />
        <div className={styles.three}>
          <TextField
            label={GPU}
            value={container.gpus}
            was={before?.gpus}
            onCommit={(value) => onEdit(setResource(role.index, index, GPU, value))}
          />
          <TextField
            label="CPU"
            value={container.cpu}
            was={before?.cpu}
            onCommit={(value) => onEdit(setResource(role.index, index, "cpu", value))}
          />
          <TextField
            label="Memory"
            value={container.memory}
            was={before?.memory}
            onCommit={(value) => onEdit(setResource(role.index, index, "memory", value))}
          />
        </div>
      </Section>
      <Section
        title="Ports"
        actions={
          <Button
            kind="ghost"
            size="dense"
            onClick={() =>
              onEdit([{ path: path("ports", container.ports.length), value: { containerPort: nextPort(container) } }])
            }
          >
            <Plus size={14} strokeWidth={1.75} aria-hidden />
            Add
          </Button>
        }
      >
        {container.ports.map((port, i) => (
          // oxlint-disable-next-line react/no-array-index-key -- a port has no identity but its place
          <div key={i} className={styles.pair}>
            <CommitInput
              label={`Name of port ${i + 1}`}
              value={port.name}
              placeholder="name"
              onCommit={(name) => onEdit(setOrDrop(path("ports", i, "name"), name))}
            />
            <CommitInput
              label={`Number of port ${i + 1}`}
              value={port.port === null ? "" : String(port.port)}
              onCommit={(text) =>
                onEdit([{ path: path("ports", i, "containerPort"), value: /^\d+$/.test(text) ? Number(text) : text }])
              }
            />
            <RemoveButton
              label={`Remove port ${i + 1}`}
              onClick={() => onEdit([{ path: path("ports", i), delete: true }])}
            />
          </div>
        ))}
        {problem("ports") !== undefined && <p className={styles.error}>{problem("ports")}</p>}
      </Section>
      <Fold title="Environment" summary={countText(container.env.length, "variable")}>
        {container.env.map((variable, i) => (
          // oxlint-disable-next-line react/no-array-index-key -- a variable may have any name while it is typed
          <div key={i} className={styles.pair}>
            <CommitInput
              label={`Name of variable ${i + 1}`}
              value={variable.name}
              onCommit={(name) => onEdit([{ path: path("env", i, "name"), value: name }])}
            />
            {variable.isReference ? (
              <span className={styles.reference} title={variable.value}>
                {variable.value}
              </span>
            ) : (
              <CommitInput
                label={`Value of ${variable.name}`}
                value={variable.value}
                onCommit={(value) => onEdit([{ path: path("env", i, "value"), value }])}
              />
            )}
            <RemoveButton
              label={`Remove ${variable.name}`}
              onClick={() => onEdit([{ path: path("env", i), delete: true }])}
            />
          </div>
        ))}
        <Button
          kind="ghost"
          size="dense"
          onClick={() =>
            onEdit([
              {
                path: path("env", container.env.length),
                value: { name: `NAME_${container.env.length + 1}`, value: "" },
              },
            ])
          }
        >
          <Plus size={14} strokeWidth={1.75} aria-hidden />
          Add variable
        </Button>
      </Fold>
      <Fold title="Readiness" summary={container.readiness === null ? "none" : `GET ${container.readiness.path}`}>
        <ReadinessForm role={role} index={index} container={container} before={before} onEdit={onEdit} />
      </Fold>
      <Fold title="Volumes" summary={countText(role.volumes.length, "volume")}>
        {role.volumes.length === 0 ? (
          <p className={styles.note}>None. Volumes and mounts are edited in the YAML.</p>
        ) : (
          <ul className={styles.list}>
            {role.volumes.map((volume) => (
              <li key={volume.name}>
                <span className="mono">{volume.name}</span> <span className={styles.note}>{volume.kind}</span>{" "}
                <span className="mono">
                  {container.mounts
                    .filter((mount) => mount.volume === volume.name)
                    .map((mount) => mount.path)
                    .join(", ") || "not mounted here"}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Fold>
    </>
  );
}

function ReadinessForm({ role, index, container, onEdit }: Omit<ContainerFormProps, "chooser">) {
  const probe = container.readiness;
  if (probe === null) {
    const port = container.ports[0];
    return (
      <Button
        kind="ghost"
        size="dense"
        onClick={() =>
          onEdit(
            setReadiness(role.index, index, {
              path: "/health",
              port: port?.name || String(port?.port ?? 8000),
              delaySeconds: "0",
            }),
          )
        }
      >
        <Plus size={14} strokeWidth={1.75} aria-hidden />
        Add HTTP readiness probe
      </Button>
    );
  }
  const change = (part: Partial<typeof probe>) => onEdit(setReadiness(role.index, index, { ...probe, ...part }));
  return (
    <>
      <div className={styles.three}>
        <TextField label="Path" value={probe.path} onCommit={(path) => change({ path })} />
        <TextField label="Port" value={probe.port} onCommit={(port) => change({ port })} />
        <TextField label="Delay, s" value={probe.delaySeconds} onCommit={(delaySeconds) => change({ delaySeconds })} />
      </div>
      <Button kind="ghost" size="dense" onClick={() => onEdit(setReadiness(role.index, index, null))}>
        <Trash2 size={14} strokeWidth={1.75} aria-hidden />
        Remove probe
      </Button>
    </>
  );
}

const nextPort = (container: DesignContainer): number =>
  Math.max(7999, ...container.ports.map((port) => port.port ?? 0)) + 1;
const countText = (count: number, noun: string): string =>
  count === 0 ? "none" : `${count} ${noun}${count === 1 ? "" : "s"}`;
const listEdit = (path: readonly (string | number)[], values: readonly string[]): readonly YamlEdit[] => [
  values.length === 0 ? { path, delete: true } : { path, value: values },
];
const problemAt = (design: Design, prefix: string): string | undefined =>
  design.problems.find((problem) => problem.path.startsWith(prefix))?.message;
const roleProblem = (role: DesignRole, field: string): string | undefined =>
  role.problems.find((problem) => problem.path.includes(`roles[${role.index}].${field}`))?.message;

function Section({
  title,
  actions,
  children,
}: {
  readonly title: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className={styles.section}>
      <header>
        <h3>{title}</h3>
        {actions}
      </header>
      {children}
    </section>
  );
}

function Fold({
  title,
  summary,
  children,
}: {
  readonly title: string;
  readonly summary: string;
  readonly children: ReactNode;
}) {
  return (
    <details className={styles.fold}>
      <summary>
        {title}
        <span>{summary}</span>
      </summary>
      <div>{children}</div>
    </details>
  );
}

/** A label and a control that is not a plain field. */
function Row({
  label,
  note,
  was,
  children,
}: {
  readonly label: string;
  readonly note?: string;
  readonly was?: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <div className={styles.row}>
      <span className={styles.label}>{label}</span>
      <div className={styles.control}>
        {children}
        {note !== undefined && <span className={styles.note}>{note}</span>}
      </div>
      {was !== undefined && <p className={styles.was}>{was}</p>}
    </div>
  );
}

type CommitProps = { readonly value: string; readonly onCommit: (value: string) => void };

/** Typing is a draft of this field alone; the document changes when the field is left or Enter is pressed. */
function useDraft({ value, onCommit }: CommitProps) {
  const [draft, setDraft] = useState<string | null>(null);
  return {
    value: draft ?? value,
    onChange: (event: { target: { value: string } }) => setDraft(event.target.value),
    onBlur: () => {
      if (draft !== null && draft !== value) onCommit(draft.trim());
      setDraft(null);
    },
    onKeyDown: (event: { key: string; currentTarget: { blur: () => void } }) => {
      if (event.key === "Enter") event.currentTarget.blur();
      if (event.key === "Escape") setDraft(null);
    },
  };
}

function CommitInput({
  label,
  placeholder,
  ...commit
}: CommitProps & { readonly label: string; readonly placeholder?: string }) {
  return (
    <Input
      isMono
      aria-label={label}
      spellCheck={false}
      {...(placeholder === undefined ? {} : { placeholder })}
      {...useDraft(commit)}
    />
  );
}

function TextField(
  props: CommitProps & {
    readonly label: string;
    /** The stored value. */
    readonly was?: string | undefined;
    readonly hint?: string | undefined;
    readonly error?: string | undefined;
    readonly isReadOnly?: boolean;
  },
) {
  const draft = useDraft(props);
  return (
    <Field label={props.label} hint={wasText(props.value, props.was) ?? props.hint} error={props.error}>
      <Input isMono spellCheck={false} autoComplete="off" readOnly={props.isReadOnly} {...draft} />
    </Field>
  );
}

/** One item a line. */
function LinesField({
  label,
  value,
  was,
  onCommit,
}: {
  readonly label: string;
  readonly value: readonly string[];
  readonly was: readonly string[] | undefined;
  readonly onCommit: (text: string) => void;
}) {
  const { onKeyDown: _, ...draft } = useDraft({ value: value.join("\n"), onCommit });
  return (
    <Field label={label} hint={wasText(value.join(" "), was?.join(" "))}>
      <Textarea
        isMono
        rows={Math.min(Math.max(value.length, 1), 8)}
        wrap="off"
        spellCheck={false}
        placeholder="one a line"
        {...draft}
      />
    </Field>
  );
}

function RemoveButton({ label, onClick }: { readonly label: string; readonly onClick: () => void }) {
  return (
    <IconButton label={label} size="dense" onClick={onClick}>
      <X size={14} strokeWidth={1.75} aria-hidden />
    </IconButton>
  );
}
