"use client";

import { Copy, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { Button, IconButton } from "#ui/button.tsx";
import { Field, Select } from "#ui/field.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { Stepper } from "#ui/stepper.tsx";
import { ContainerForm } from "./container-form.tsx";
import { type DesignRole, dataAt, podsText } from "./design.ts";
import { changesOf, wasText } from "./design-changes.ts";
import { renameRole, rolePath, setInstanceSize, setKind, templatePath } from "./design-edits.ts";
import { problemUnder, ROLE_FIELDS, ROLE_LABEL_FIELDS } from "./form-field.ts";
import styles from "./inspector.module.css";
import type { InspectorProps } from "./inspector.tsx";
import { Fold, Row, Section, TextField } from "./inspector-parts.tsx";
import { type FormScope, SchemaFields } from "./schema-field.tsx";
import { VolumeClaimsForm } from "./volume-claims-form.tsx";
import { WaitsFor } from "./waits-for.tsx";

type RoleFormProps = InspectorProps & { readonly role: DesignRole };
type Part = "leader" | "workers";

const KINDS = ["StatefulSet", "Deployment", "LeaderWorkerSet"];

export function RoleForm({ design, stored, role, onEdit, onDuplicate, onRemove }: RoleFormProps) {
  const { before, isNew } = changesOf(role, stored);
  const scope: FormScope = {
    design,
    base: rolePath(role.index),
    stored: before === null ? null : stored,
    storedBase: rolePath(before?.index ?? 0),
    onEdit,
  };
  const problem = (...path: readonly string[]) => problemUnder(role.problems, rolePath(role.index, ...path));
  const isMultiNode = role.size > 1 || role.workers !== null;
  const gpus = role.gpusPerInstance * role.replicas;
  const gpuText = gpus === 0 ? "no GPU" : formatPlural(gpus, "GPU");
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
          error={problem("role")}
          onCommit={(name) => onEdit(renameRole(design, role, name))}
        />
        <Row
          label={isMultiNode ? "Instances" : "Pods"}
          note={isMultiNode ? `${podsText(role)} per group, ${gpuText}` : `per group, ${gpuText}`}
          was={wasText(String(role.replicas), before === null ? undefined : String(before.replicas))}
          error={problem("replicas")}
        >
          <Stepper
            label={`${isMultiNode ? "Instances" : "Pods"} of ${role.name} per group`}
            value={role.replicas}
            onChange={(replicas) => onEdit([{ path: rolePath(role.index, "replicas"), value: replicas }])}
          />
        </Row>
        <Row
          label="Per instance"
          was={wasText(String(role.size), before === null ? undefined : String(before.size))}
          note={role.size > 1 ? `a leader and ${formatPlural(role.size - 1, "worker")}` : "pod on one node"}
          error={problem("leaderWorker", "size")}
        >
          <Stepper
            label={`Pods per instance of ${role.name}`}
            value={role.size}
            min={1}
            onChange={(size) => onEdit(setInstanceSize(role, size))}
          />
        </Row>
        <Field
          label="Workload"
          error={problem("workload")}
          hint={wasText(role.kind, before?.kind) ?? KIND_HINT[role.kind]}
        >
          <Select value={role.kind} onChange={(event) => onEdit(setKind(role, event.target.value))}>
            {[...new Set([...KINDS, role.kind])].map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </Select>
        </Field>
        <WaitsFor design={design} role={role} before={before} onEdit={onEdit} />
        <SchemaFields fields={ROLE_FIELDS} scope={scope} />
      </Section>
      <Containers design={design} role={role} before={before} isMultiNode={isMultiNode} onEdit={onEdit} />
      <Fold
        title="Volume claims"
        summary={role.claims.length === 0 ? "none" : formatPlural(role.claims.length, "claim")}
        hasProblem={problem("volumeClaimTemplates") !== undefined}
      >
        <VolumeClaimsForm role={role} error={problem("volumeClaimTemplates")} onEdit={onEdit} />
      </Fold>
      <Fold title="Labels of its pods" summary="" hasProblem={problem("template", "metadata") !== undefined}>
        <SchemaFields fields={ROLE_LABEL_FIELDS} scope={scope} />
      </Fold>
    </>
  );
}

const KIND_HINT: Readonly<Record<string, string>> = {
  StatefulSet: "Every pod has a stable name and address.",
  Deployment: "Its pods have no names of their own; the Service stands for them.",
  LeaderWorkerSet: "Where a cluster does not have it, instances run as StatefulSets.",
};

type ContainersProps = Pick<InspectorProps, "design" | "onEdit"> & {
  readonly role: DesignRole;
  readonly before: DesignRole | null;
  readonly isMultiNode: boolean;
};

/** The containers of the pods; of a multi-node instance the leader's, or those of workers with a template of their own. */
function Containers({ design, role, before, isMultiNode, onEdit }: ContainersProps) {
  const [wished, setPart] = useState<Part>("leader");
  const [containerIndex, setContainer] = useState(0);
  const part = role.workers === null ? "leader" : wished;
  const { containers, volumes } = part === "workers" && role.workers !== null ? role.workers : role;
  const at = Math.min(containerIndex, Math.max(containers.length - 1, 0));
  const container = containers[at];
  const workerTemplate = templatePath(role.index, "workers");
  const beforePart = part === "workers" ? before?.workers : before;
  return (
    <>
      {isMultiNode && (
        <Section title="Leader and workers">
          {role.workers === null ? (
            <>
              <p className={styles.note}>Workers run the same containers as the leader.</p>
              <Button
                kind="ghost"
                size="dense"
                onClick={() => {
                  onEdit([{ path: workerTemplate, value: dataAt(design.data, templatePath(role.index)) ?? {} }]);
                  setPart("workers");
                }}
              >
                <Plus size={14} strokeWidth={1.75} aria-hidden />
                Give workers a template of their own
              </Button>
            </>
          ) : (
            <div className={styles.control}>
              <Segmented
                label="Whose template"
                size="dense"
                options={[
                  { value: "leader", label: "Leader" },
                  { value: "workers", label: "Workers" },
                ]}
                value={part}
                onChange={setPart}
              />
              <Button kind="ghost" size="dense" onClick={() => onEdit([{ path: workerTemplate, delete: true }])}>
                <Trash2 size={14} strokeWidth={1.75} aria-hidden />
                Workers like the leader
              </Button>
            </div>
          )}
        </Section>
      )}
      {container !== undefined && (
        <ContainerForm
          key={`${part} ${at}`}
          role={role}
          volumes={volumes}
          template={templatePath(role.index, part)}
          index={at}
          container={container}
          before={beforePart?.containers.find((each) => each.name === container.name)}
          onEdit={onEdit}
          chooser={
            containers.length > 1 ? (
              <Select
                density="dense"
                aria-label="Container"
                value={String(at)}
                onChange={(event) => setContainer(Number(event.target.value))}
              >
                {containers.map((each, i) => (
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
