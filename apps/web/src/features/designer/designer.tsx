"use client";

import { editYaml, type Problem, parsePath, positionOf, type YamlEdit } from "@openpatio/core/spec";
import { ArrowRight, Boxes, FileUp, Plus, Redo2, Trash2, Undo2 } from "lucide-react";
import dynamic from "next/dynamic";
import { useRouter, useSearchParams } from "next/navigation";
import { useCallback, useDeferredValue, useEffect, useEffectEvent, useMemo, useState } from "react";
import { parseDocument } from "yaml";
import { Preview } from "#features/preview/preview.tsx";
import { formatPlural } from "#lib/format.ts";
import { useLiveEntries } from "#lib/live.ts";
import { setPath } from "#lib/paths.ts";
import { Button, IconButton } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { Select } from "#ui/field.tsx";
import { Tag } from "#ui/layout.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { Skeleton } from "#ui/skeleton.tsx";
import { StateGlyph } from "#ui/state-glyph.tsx";
import { ClockTime } from "#ui/time.tsx";
import { showToast } from "#ui/toast.tsx";
import { type Design, type DesignRole, readDesign, roleIndexOf } from "./design.ts";
import { countChanges } from "./design-changes.ts";
import { addDependency, addRole, duplicateRole, removeDependency, removeRole, rolePath } from "./design-edits.ts";
import styles from "./designer.module.css";
import { FitNote } from "./fit-note.tsx";
import { ImportDialog } from "./import-dialog.tsx";
import { Inspector } from "./inspector.tsx";
import { TemplatesDialog } from "./templates-dialog.tsx";
import { useDocument } from "./use-document.ts";
import type { LineRange } from "./yaml-editor.tsx";

const Board = dynamic(() => import("./board.tsx").then((module) => module.Board), { ssr: false });
const YamlEditor = dynamic(() => import("./yaml-editor.tsx").then((module) => module.YamlEditor), {
  ssr: false,
  loading: () => <Skeleton width={320} />,
});

/** The definition that is edited; null for a new one. */
export type Stored = {
  readonly namespace: string;
  readonly name: string;
  readonly home: string | null;
  readonly generation: number;
  readonly revision: number;
  readonly yaml: string;
};

type Layout = "both" | "canvas" | "yaml";
const LAYOUTS = [
  { value: "both", label: "Both" },
  { value: "canvas", label: "Canvas" },
  { value: "yaml", label: "YAML" },
] as const;

type DesignerProps = {
  readonly stored: Stored | null;
  /** Reads the stored definition again: somebody else changed it. */
  readonly onReload?: () => Promise<Stored | null>;
};

/**
 * Canvas, form and YAML of one definition. The YAML text is the only state: canvas and form are read from it, and what
 * is done in them is an edit of its syntax tree. Browser only: drafts are kept there.
 */
export function Designer({ stored, onReload }: DesignerProps) {
  const router = useRouter();
  const query = useSearchParams();
  const document = useDocument(stored === null ? "new" : setPath(stored), stored?.yaml ?? "");
  const { text, replace } = document;
  // Reading is deferred, so that typing in a long document never waits for the canvas.
  const readText = useDeferredValue(text);
  const design = useMemo(() => readDesign(readText), [readText]);
  const storedText = stored?.yaml ?? null;
  const storedDesign = useMemo(() => (storedText === null ? null : readDesign(storedText)), [storedText]);
  const changes = storedDesign === null ? 0 : countChanges(storedDesign.data, design.data);
  const [selected, setSelected] = useState<number | null>(null);
  const [layout, setLayout] = useState<Layout>("both");
  const [isPreview, setPreview] = useState(false);
  const [dialog, setDialog] = useState<"templates" | "import" | null>(() =>
    query.get("template") !== null ? "templates" : query.get("import") !== null ? "import" : null,
  );
  const [reveal, setReveal] = useState<{ readonly line: number; readonly column: number } | null>(null);
  const clusters = useClusters(design, stored);

  useUndoKeys(document.undo, document.redo);

  const { isEditable } = design;
  const edit = useCallback(
    (edits: readonly YamlEdit[]) => {
      if (isEditable) replace(editYaml(text, edits));
    },
    [replace, text, isEditable],
  );
  const role = selected === null ? null : (design.roles[selected] ?? null);
  const marked = useMemo(() => (role === null ? null : linesOf(readText, design, role)), [readText, design, role]);
  const select = useCallback(
    (index: number | null) => {
      setSelected(index);
      const position = index === null ? undefined : positionOf(text, rolePath(index));
      if (position !== undefined) setReveal({ ...position });
    },
    [text, setSelected],
  );
  const goTo = (problem: Pick<Problem, "path" | "line" | "column">) => {
    setSelected(roleIndexOf(problem));
    const { line = 0, column = 1 } =
      problem.line !== undefined ? problem : problem.path === "" ? {} : (positionOf(text, problem.path) ?? {});
    if (line === 0) return;
    setLayout((now) => (now === "canvas" ? "both" : now));
    setReveal({ line, column });
  };
  const scale = useCallback(
    (index: number, replicas: number) => edit([{ path: rolePath(index, "replicas"), value: replicas }]),
    [edit],
  );
  const connect = useCallback(
    (waiting: string, dependency: string) => {
      const each = design.roles.find((candidate) => candidate.name === waiting);
      if (each !== undefined) edit(addDependency(each, dependency));
    },
    [design, edit],
  );
  const disconnect = useCallback(
    (waiting: string, dependency: string) => {
      const each = design.roles.find((candidate) => candidate.name === waiting);
      if (each !== undefined) edit(removeDependency(each, dependency));
    },
    [design, edit],
  );
  const add = (made: { readonly edits: readonly YamlEdit[]; readonly name: string }) => {
    edit(made.edits);
    setSelected(design.roles.length);
  };
  const start = (yaml: string) => {
    replace(yaml);
    setSelected(null);
  };

  if (isPreview) {
    return (
      <Preview
        yaml={text}
        cluster={clusters.chosen}
        stored={stored}
        onBack={(problem) => {
          setPreview(false);
          if (problem !== undefined) goTo(problem);
        }}
        onTakeTheirs={async () => {
          const theirs = (await onReload?.()) ?? null;
          if (theirs === null) return;
          document.forget();
          replace(theirs.yaml);
          setPreview(false);
        }}
        onApplied={({ namespace, name, home, isChanged }) => {
          document.forget();
          showToast({ title: isChanged ? `${name} is saved` : `${name} is as it was` });
          router.push(setPath({ namespace, name, home }));
        }}
      />
    );
  }
  const problems = design.problems.length;
  const isEmpty = text.trim() === "";
  return (
    <div className={styles.designer} data-layout={layout}>
      <header className={styles.head}>
        <h1 className={design.name === "" ? undefined : "mono"}>{design.name || "New set"}</h1>
        {stored === null ? (
          <Tag>new</Tag>
        ) : (
          document.isChanged && (
            <Tag>
              {changes === 0 ? "comments changed" : `${formatPlural(changes, "change")} to revision ${stored.revision}`}
            </Tag>
          )
        )}
        {document.keptAtMs !== null && (
          <span className={styles.kept}>
            kept in this browser, <ClockTime atMs={document.keptAtMs} />
          </span>
        )}
        {document.isRestored && (
          <span className={styles.kept}>
            draft restored{" "}
            <Button kind="ghost" size="dense" onClick={document.discard}>
              <Trash2 size={14} strokeWidth={1.75} aria-hidden />
              Discard
            </Button>
          </span>
        )}
        <div className={styles.actions}>
          <IconButton
            label="Undo"
            size="dense"
            disabledReason={document.undo === null ? "Nothing to undo" : null}
            onClick={() => document.undo?.()}
          >
            <Undo2 size={14} strokeWidth={1.75} aria-hidden />
          </IconButton>
          <IconButton
            label="Redo"
            size="dense"
            disabledReason={document.redo === null ? "Nothing to redo" : null}
            onClick={() => document.redo?.()}
          >
            <Redo2 size={14} strokeWidth={1.75} aria-hidden />
          </IconButton>
          <Button size="dense" onClick={() => setDialog("templates")}>
            <Boxes size={14} strokeWidth={1.75} aria-hidden />
            Templates
          </Button>
          <Button size="dense" onClick={() => setDialog("import")}>
            <FileUp size={14} strokeWidth={1.75} aria-hidden />
            Import
          </Button>
          {clusters.chosen !== null && (
            <Select
              density="dense"
              aria-label="Cluster to run on"
              value={clusters.chosen}
              onChange={(event) => clusters.choose(event.target.value)}
            >
              {clusters.names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
          {problems > 0 && (
            <button
              type="button"
              className={styles.problemCount}
              onClick={() => design.problems[0] && goTo(design.problems[0])}
            >
              <StateGlyph state="failed" />
              {problems} {problems === 1 ? "problem" : "problems"}
            </button>
          )}
          <Button
            kind="primary"
            size="dense"
            disabledReason={
              isEmpty
                ? "Write or paste a definition first"
                : problems > 0
                  ? `Mend ${problems === 1 ? "the problem" : `${problems} problems`} first`
                  : null
            }
            onClick={() => setPreview(true)}
          >
            Preview
            <ArrowRight size={14} strokeWidth={1.75} aria-hidden />
          </Button>
        </div>
      </header>
      <section className={styles.canvas} aria-label="Roles and their dependencies">
        {design.roles.length > 0 ? (
          <Board
            design={design}
            stored={storedDesign}
            selected={role?.index ?? null}
            onSelect={select}
            onScale={scale}
            onConnect={connect}
            onDisconnect={disconnect}
          />
        ) : (
          <div className={styles.nothing}>
            <EmptyState
              title={isEmpty ? "Nothing here yet" : "No roles to draw"}
              actions={
                isEmpty && (
                  <>
                    <Button onClick={() => setDialog("templates")}>
                      <Boxes size={14} strokeWidth={1.75} aria-hidden />
                      Start from a template
                    </Button>
                    <Button onClick={() => setDialog("import")}>
                      <FileUp size={14} strokeWidth={1.75} aria-hidden />
                      Import a file
                    </Button>
                  </>
                )
              }
            >
              {isEmpty
                ? "Paste a RoleBasedGroupSet into the editor below, or begin with one of these."
                : (design.problems[0]?.message ?? "The text has no list of roles at spec.groupTemplate.roles.")}
            </EmptyState>
          </div>
        )}
        <div className={styles.bar}>
          <Button
            size="dense"
            disabledReason={design.isReadable && isEditable ? null : "Start with a template, an import or some YAML"}
            onClick={() => add(addRole(design))}
          >
            <Plus size={14} strokeWidth={1.75} aria-hidden />
            Add role
          </Button>
          {design.roles.length > 0 && (
            <span className={styles.group}>
              <span>{groupText(design)}</span>
              <FitNote
                yaml={problems === 0 ? text : null}
                cluster={clusters.chosen}
                isNew={stored === null}
                topologyKey={design.topologyKey}
              />
            </span>
          )}
          {design.roles.length > 1 && (
            <span className={styles.hint}>drag from a role’s right edge to make another wait for it</span>
          )}
        </div>
      </section>
      <section className={styles.yaml} aria-label="YAML">
        <div className={styles.yamlHead}>
          <h2>YAML</h2>
          <span className={styles.hint}>the document; the canvas edits it and keeps your comments</span>
          <Segmented label="Layout" size="dense" options={LAYOUTS} value={layout} onChange={setLayout} />
        </div>
        <div className={styles.text}>
          <YamlEditor
            label="Definition as YAML"
            text={text}
            onChange={(next) => replace(next, true)}
            onUndo={() => document.undo?.()}
            onRedo={() => document.redo?.()}
            problems={design.problems}
            stored={storedText}
            marked={marked}
            reveal={reveal}
          />
        </div>
        {problems > 0 && <ProblemBar design={design} onPick={goTo} onEdit={edit} />}
      </section>
      <Inspector
        design={design}
        stored={storedDesign}
        role={role}
        isExisting={stored !== null}
        clusters={clusters.names}
        onEdit={edit}
        onDuplicate={(each) => add(duplicateRole(design, each, contentOf(text, each)))}
        onRemove={(each) => {
          edit(removeRole(design, each));
          setSelected(null);
        }}
      />
      <TemplatesDialog
        isOpen={dialog === "templates"}
        onOpenChange={(open) => setDialog(open ? "templates" : null)}
        onPick={start}
      />
      <ImportDialog
        isOpen={dialog === "import"}
        onOpenChange={(open) => setDialog(open ? "import" : null)}
        onPick={start}
      />
    </div>
  );
}

type ProblemBarProps = {
  readonly design: Design;
  readonly onPick: (problem: Problem) => void;
  readonly onEdit: (edits: readonly YamlEdit[]) => void;
};

function ProblemBar({ design, onPick, onEdit }: ProblemBarProps) {
  return (
    <ul className={styles.problems} aria-label="Problems">
      {design.problems.map((problem) => (
        <li key={`${problem.path} ${problem.message}`}>
          <StateGlyph state="failed" />
          <button type="button" onClick={() => onPick(problem)}>
            <span className="mono">{problem.path || "document"}</span>
            {problem.line !== undefined && <span className={styles.hint}>line {problem.line}</span>}
          </button>
          <span>{problem.message}</span>
          {problem.code === "unknown-role" && problem.suggestion !== undefined && (
            <Button size="dense" onClick={() => onEdit([{ path: parsePath(problem.path), value: problem.suggestion }])}>
              Use {problem.suggestion}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Clusters to run on: of the same kind as an existing set, simulated ones and real ones apart. */
function useClusters(design: Design, stored: Stored | null) {
  const rows = useLiveEntries("clusters", "");
  const [wish, setWish] = useState<string | null>(null);
  const names = rows.map((row) => row.name).toSorted();
  const first = rows.find((row) => row.health === "live")?.name ?? names[0] ?? null;
  const named = design.clusters.length > 0 || stored !== null;
  return { names, chosen: named ? null : (wish ?? first), choose: setWish };
}

/** Undo and redo from wherever the focus is; text fields undo their own typing, and the editor asks for it itself. */
function useUndoKeys(undo: (() => void) | null, redo: (() => void) | null): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    const key = event.key.toLowerCase();
    if (!(event.metaKey || event.ctrlKey) || event.altKey || (key !== "z" && key !== "y")) return;
    const { target } = event;
    if (target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select")))
      return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) redo?.();
    else undo?.();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}

function groupText(design: Design): string {
  const pods = design.roles.reduce((sum, role) => sum + role.replicas * role.size, 0);
  const gpus = design.roles.reduce((sum, role) => sum + role.replicas * role.gpusPerInstance, 0);
  const domain = design.topologyKey === "" ? "" : `, in one ${design.topologyKey.split("/").at(-1)}`;
  return `One group: ${pods} ${pods === 1 ? "pod" : "pods"}, ${gpus === 0 ? "no GPU" : `${gpus} ${gpus === 1 ? "GPU" : "GPUs"}`}${domain}.`;
}

/** Lines of a role in the text: from its own to the line before the next one, or to the end of the list. */
function linesOf(text: string, design: Design, role: DesignRole): LineRange | null {
  const from = positionOf(text, rolePath(role.index))?.line;
  if (from === undefined) return null;
  const next = role.index + 1 < design.roles.length ? positionOf(text, rolePath(role.index + 1))?.line : undefined;
  if (next !== undefined && next > from) return { from, to: next - 1 };
  const lines = text.split("\n");
  const indent = (lines[from - 1] ?? "").search(/\S/);
  let to = from;
  while (to < lines.length && (lines[to]?.trim() === "" || (lines[to] ?? "").search(/\S/) > indent)) to++;
  return { from, to };
}

function contentOf(text: string, role: DesignRole): unknown {
  const node = parseDocument(text).getIn(rolePath(role.index), true);
  return node !== null && typeof node === "object" && "toJSON" in node && typeof node.toJSON === "function"
    ? node.toJSON()
    : {};
}
