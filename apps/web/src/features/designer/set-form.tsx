"use client";

import { X } from "lucide-react";
import { Field, Select } from "#ui/field.tsx";
import { Stepper } from "#ui/stepper.tsx";
import { type Design, dataAt } from "./design.ts";
import { wasText } from "./design-changes.ts";
import { portNames, setEntry, setOrDrop, setTopologyKey } from "./design-edits.ts";
import {
  CLUSTER_FIELDS,
  END_FIELDS,
  type FormField,
  LABEL_FIELDS,
  PLACEMENT_FIELDS,
  problemUnder,
  RECOVERY_FIELDS,
  ROLLOUT_FIELDS,
  STARTUP_FIELDS,
  TOPOLOGY_FIELDS,
} from "./form-field.ts";
import styles from "./inspector.module.css";
import type { InspectorProps } from "./inspector.tsx";
import { Fold, Row, Section, TextField } from "./inspector-parts.tsx";
import { type FormScope, SchemaFields, textOf } from "./schema-field.tsx";

type SetFormProps = Pick<InspectorProps, "design" | "stored" | "isExisting" | "clusters" | "onEdit">;

/** The fields of the set: what it is, where its groups run, how they are replaced, recovered and reached. */
export function SetForm({ design, stored, isExisting, clusters, onEdit }: SetFormProps) {
  const settled = isExisting ? "A set keeps its name and namespace." : undefined;
  const scope: FormScope = { design, base: [], stored, storedBase: [], onEdit };
  const problem = (...path: readonly string[]) => problemUnder(design.problems, path);
  const isWrong = (fields: readonly FormField[]) => fields.some(({ path }) => problem(...path) !== undefined);
  const text = (...path: readonly string[]): string => textOf(dataAt(design.data, ["spec", ...path]));
  return (
    <>
      <Section title="Set">
        <TextField
          label="Name"
          value={design.name}
          isReadOnly={isExisting}
          hint={settled}
          error={problem("metadata", "name")}
          onCommit={(name) => onEdit([{ path: ["metadata", "name"], value: name }])}
        />
        <TextField
          label="Namespace"
          value={design.namespace}
          isReadOnly={isExisting}
          error={problem("metadata", "namespace")}
          onCommit={(namespace) => onEdit(setOrDrop(["metadata", "namespace"], namespace, "default"))}
        />
        <Row
          label="Groups"
          was={wasText(String(design.replicas ?? 1), stored === null ? undefined : String(stored.replicas ?? 1))}
          error={problem("spec", "replicas")}
        >
          <Stepper
            label="Groups"
            value={design.replicas ?? 1}
            onChange={(replicas) => onEdit([{ path: ["spec", "replicas"], value: replicas }])}
          />
        </Row>
        <SchemaFields fields={STARTUP_FIELDS} scope={scope} />
      </Section>
      <Section title="Placement">
        <Clusters
          design={design}
          clusters={clusters}
          error={problem("spec", "placement", "clusters")}
          onEdit={onEdit}
        />
        <Field
          label="Group in one"
          hint={
            design.topologyKey === ""
              ? "No constraint: the scheduler decides where its pods run."
              : "All pods of a group run in one domain of this node label."
          }
          error={problem("spec", "placement", "topology", "key")}
        >
          <Select value={design.topologyKey} onChange={(event) => onEdit(setTopologyKey(event.target.value))}>
            <option value="">no constraint</option>
            {[...new Set([...TOPOLOGY_KEYS, design.topologyKey])].filter(Boolean).map((key) => (
              <option key={key}>{key}</option>
            ))}
          </Select>
        </Field>
        {design.topologyKey !== "" && <SchemaFields fields={TOPOLOGY_FIELDS} scope={scope} />}
        <SchemaFields fields={PLACEMENT_FIELDS} scope={scope} />
      </Section>
      <Fold title="More on clusters" summary={labelsSummary(design)} hasProblem={isWrong(CLUSTER_FIELDS)}>
        <SchemaFields fields={CLUSTER_FIELDS} scope={scope} />
      </Fold>
      <Fold
        title="Rollout"
        summary={`${text("rollout", "strategy") || "GroupRolling"}, ${text("rollout", "maxUnavailable") || "1"} down`}
        hasProblem={problem("spec", "rollout") !== undefined}
      >
        <SchemaFields fields={ROLLOUT_FIELDS} scope={scope} />
      </Fold>
      <Fold
        title="Recovery"
        summary={text("recovery", "policy") || "RecreateGroup"}
        hasProblem={problem("spec", "recovery") !== undefined}
      >
        <SchemaFields fields={RECOVERY_FIELDS} scope={scope} />
      </Fold>
      <Fold
        title="Clients"
        summary={design.entry === null ? "no Service" : `${design.entry.role}:${design.entry.port}`}
        hasProblem={problem("spec", "entry") !== undefined}
      >
        <Entry design={design} problem={problem} onEdit={onEdit} />
      </Fold>
      <Fold title="Labels" summary="" hasProblem={isWrong(LABEL_FIELDS)}>
        <SchemaFields fields={LABEL_FIELDS} scope={scope} />
      </Fold>
      <Fold
        title="Deleting and history"
        summary={text("deletion", "orphan") === "true" ? "workloads keep running" : ""}
        hasProblem={isWrong(END_FIELDS)}
      >
        <SchemaFields fields={END_FIELDS} scope={scope} />
      </Fold>
    </>
  );
}

const TOPOLOGY_KEYS = ["topology.kubernetes.io/rack", "topology.kubernetes.io/zone", "kubernetes.io/hostname"];

function labelsSummary(design: Design): string {
  const labels = dataAt(design.data, ["spec", "placement", "clusters", "selector", "matchLabels"]);
  return typeof labels === "object" && labels !== null ? "chosen by labels" : "";
}

type ClustersProps = Pick<SetFormProps, "design" | "clusters" | "onEdit"> & { readonly error: string | undefined };

const NAMES = ["spec", "placement", "clusters", "names"];

/** One cluster or several; with none named, it is chosen on applying or by labels. */
function Clusters({ design, clusters, error, onEdit }: ClustersProps) {
  const others = clusters.filter((name) => !design.clusters.includes(name));
  return (
    <Row
      label="Clusters"
      error={error}
      hint={design.clusters.length > 1 ? "Each group runs on one of them." : undefined}
    >
      <div className={styles.tokens}>
        {design.clusters.map((name, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a name may be written twice
          <span key={index} className={styles.token}>
            {name}
            <button
              type="button"
              aria-label={`No longer on ${name}`}
              onClick={() => onEdit([{ path: design.clusters.length === 1 ? NAMES : [...NAMES, index], delete: true }])}
            >
              <X size={12} strokeWidth={1.75} aria-hidden />
            </button>
          </span>
        ))}
        {(others.length > 0 || design.clusters.length === 0) && (
          <Select
            density="dense"
            aria-label="Add a cluster"
            value=""
            onChange={(event) =>
              onEdit([
                design.clusters.length === 0
                  ? { path: NAMES, value: [event.target.value] }
                  : { path: [...NAMES, design.clusters.length], value: event.target.value },
              ])
            }
          >
            <option value="" disabled>
              {design.clusters.length === 0 ? "chosen at apply" : "add…"}
            </option>
            {others.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        )}
      </div>
    </Row>
  );
}

type EntryProps = Pick<SetFormProps, "design" | "onEdit"> & {
  readonly problem: (...path: readonly string[]) => string | undefined;
};

function Entry({ design, problem, onEdit }: EntryProps) {
  const { entry } = design;
  const role = design.roles.find((each) => each.name === entry?.role);
  return (
    <>
      <Field
        label="Role"
        hint="One Service with the name of the set, over the Ready pods of this role in all groups."
        error={problem("spec", "entry", "role")}
      >
        <Select value={entry?.role ?? ""} onChange={(event) => onEdit(setEntry(design, event.target.value))}>
          <option value="">no Service</option>
          {[...new Set([...design.roles.map((each) => each.name), entry?.role ?? ""])].filter(Boolean).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </Field>
      {entry !== null && (
        <Field label="Port" hint="Name of a container port of that role." error={problem("spec", "entry", "port")}>
          <Select
            value={entry.port}
            onChange={(event) => onEdit([{ path: ["spec", "entry", "port"], value: event.target.value }])}
          >
            {[...new Set([...(role === undefined ? [] : portNames(role)), entry.port])].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </Field>
      )}
    </>
  );
}
