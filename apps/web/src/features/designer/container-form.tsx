"use client";

import type { Path, YamlEdit } from "@openpatio/core/spec";
import { Plus, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "#ui/button.tsx";
import { type DesignContainer, type DesignRole, type DesignVolume, GPU } from "./design.ts";
import { containerPath, setOrDrop, setReadiness, setResource } from "./design-edits.ts";
import { problemUnder } from "./form-field.ts";
import styles from "./inspector.module.css";
import { CommitInput, Fold, LinesField, RemoveButton, Section, TextField } from "./inspector-parts.tsx";

type ContainerFormProps = {
  readonly role: DesignRole;
  /** Of the template that it stands in. */
  readonly volumes: readonly DesignVolume[];
  /** Where that template stands in the document. */
  readonly template: Path;
  readonly index: number;
  readonly container: DesignContainer;
  /** The stored container of the same name. */
  readonly before: DesignContainer | undefined;
  readonly chooser: ReactNode;
  readonly onEdit: (edits: readonly YamlEdit[]) => void;
};

export function ContainerForm({
  role,
  volumes,
  template,
  index,
  container,
  before,
  chooser,
  onEdit,
}: ContainerFormProps) {
  const path = (...rest: Path) => containerPath(template, index, ...rest);
  const problem = (field: string) => problemUnder(role.problems, path(field));
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
            onCommit={(value) => onEdit(setResource(path(), GPU, value))}
          />
          <TextField
            label="CPU"
            value={container.cpu}
            was={before?.cpu}
            onCommit={(value) => onEdit(setResource(path(), "cpu", value))}
          />
          <TextField
            label="Memory"
            value={container.memory}
            was={before?.memory}
            onCommit={(value) => onEdit(setResource(path(), "memory", value))}
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
        <ReadinessForm at={path()} container={container} onEdit={onEdit} />
      </Fold>
      <Fold title="Volumes" summary={countText(volumes.length, "volume")}>
        {volumes.length === 0 ? (
          <p className={styles.note}>None. Volumes and mounts are edited in the YAML.</p>
        ) : (
          <ul className={styles.list}>
            {volumes.map((volume) => (
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

function ReadinessForm({
  at,
  container,
  onEdit,
}: Pick<ContainerFormProps, "container" | "onEdit"> & { readonly at: Path }) {
  const probe = container.readiness;
  if (probe === null) {
    const port = container.ports[0];
    return (
      <Button
        kind="ghost"
        size="dense"
        onClick={() =>
          onEdit(
            setReadiness(at, {
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
  const change = (part: Partial<typeof probe>) => onEdit(setReadiness(at, { ...probe, ...part }));
  return (
    <>
      <div className={styles.three}>
        <TextField label="Path" value={probe.path} onCommit={(path) => change({ path })} />
        <TextField label="Port" value={probe.port} onCommit={(port) => change({ port })} />
        <TextField label="Delay, s" value={probe.delaySeconds} onCommit={(delaySeconds) => change({ delaySeconds })} />
      </div>
      <Button kind="ghost" size="dense" onClick={() => onEdit(setReadiness(at, null))}>
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
