"use client";

import "@xyflow/react/dist/base.css";
import {
  BaseEdge,
  type Connection,
  type ConnectionLineComponentProps,
  type Edge,
  type EdgeProps,
  getSmoothStepPath,
  MarkerType,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  ViewportPortal,
} from "@xyflow/react";
import { useCallback, useEffect, useMemo, useState } from "react";
import styles from "./board.module.css";
import { layoutBoard, WAVE_WIDTH, type Wave } from "./board-layout.ts";
import { type Design, ringIfWaiting } from "./design.ts";
import { RoleCard, type RoleNode } from "./role-card.tsx";

type BoardProps = {
  readonly design: Design;
  /** Index of the selected role; null selects the set. */
  readonly selected: number | null;
  readonly onSelect: (role: number | null) => void;
  readonly onScale: (role: number, replicas: number) => void;
  readonly onConnect: (waiting: string, dependency: string) => void;
  readonly onDisconnect: (waiting: string, dependency: string) => void;
};

const NODE_TYPES = { role: RoleCard };
const EDGE_TYPES = { wait: WaitEdge };
const CORNER = 6;

/** Roles as cards in the columns of their waves; an arrow from a role to the one that waits for it. */
export function Board(props: BoardProps) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

function Flow({ design, selected, onSelect, onScale, onConnect, onDisconnect }: BoardProps) {
  const isOrdered = design.startupPolicy !== "Parallel";
  const layout = useMemo(() => layoutBoard(design.roles, isOrdered), [design.roles, isOrdered]);
  const [refused, setRefused] = useState<string | null>(null);
  const { fitView } = useReactFlow();
  const selectedName = selected === null ? null : (design.roles[selected]?.name ?? null);

  const nodes = useMemo(
    () =>
      layout.cards.map(
        ({ role, x, y, height }): RoleNode => ({
          id: String(role.index),
          type: "role",
          position: { x, y },
          width: 216,
          height,
          selected: role.index === selected,
          ariaLabel: `Role ${role.name}, ${role.replicas} pods${role.problems.length > 0 ? ", has problems" : ""}`,
          data: { role, isOrdered, onScale: (replicas) => onScale(role.index, replicas) },
        }),
      ),
    [layout, selected, isOrdered, onScale],
  );
  const edges = useMemo(() => {
    const indexOf = new Map(design.roles.map((role) => [role.name, role.index]));
    return design.roles.flatMap((role) =>
      role.dependencies.flatMap((dependency): Edge[] => {
        const from = indexOf.get(dependency);
        if (from === undefined) return [];
        const isOn = role.name === selectedName || dependency === selectedName;
        return [
          {
            id: `${dependency} > ${role.name}`,
            type: "wait",
            source: String(from),
            target: String(role.index),
            ariaLabel: `${role.name} waits for ${dependency}`,
            className: isOn ? (styles.on ?? "") : (styles.wire ?? ""),
            zIndex: isOn ? 1 : 0,
            markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color: "context-stroke" },
          },
        ];
      }),
    );
  }, [design.roles, selectedName]);

  const count = layout.cards.length;
  useEffect(() => {
    if (count > 0) requestAnimationFrame(() => void fitView({ padding: 0.08, maxZoom: 1 }));
  }, [count, fitView]);

  const nameOf = useCallback((id: string | null) => design.roles[Number(id)]?.name ?? "", [design.roles]);
  const ringOf = useCallback(
    ({ source, target }: Pick<Connection, "source" | "target">) =>
      ringIfWaiting(design.roles, nameOf(target), nameOf(source)),
    [design.roles, nameOf],
  );

  return (
    <div className={styles.board}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        nodesDraggable={false}
        nodesConnectable
        elementsSelectable
        deleteKeyCode={["Delete", "Backspace"]}
        minZoom={0.3}
        maxZoom={1.5}
        fitView
        fitViewOptions={{ padding: 0.08, maxZoom: 1 }}
        connectionRadius={28}
        connectionLineComponent={ConnectionLine}
        isValidConnection={(connection) => {
          const ring = ringOf({ source: connection.source, target: connection.target });
          setRefused(ring === null ? null : ring.join(" › "));
          return ring === null;
        }}
        onConnectEnd={() => setRefused(null)}
        onConnect={({ source, target }) => {
          const waiting = design.roles[Number(target)];
          if (waiting !== undefined && !waiting.dependencies.includes(nameOf(source)))
            onConnect(waiting.name, nameOf(source));
        }}
        onNodeClick={(_, node) => onSelect(Number(node.id))}
        onPaneClick={() => onSelect(null)}
        onNodesChange={(changes) => {
          // Selection by keyboard (Enter on a focused card) arrives here.
          for (const change of changes) if (change.type === "select" && change.selected) onSelect(Number(change.id));
        }}
        onBeforeDelete={async ({ edges: removed }) => ({ nodes: [], edges: removed })}
        onEdgesDelete={(removed) => {
          for (const edge of removed) onDisconnect(nameOf(edge.target), nameOf(edge.source));
        }}
      >
        <ViewportPortal>
          {layout.waves.map((wave) => (
            <WaveColumn key={wave.number} wave={wave} height={layout.height} isOrdered={isOrdered} />
          ))}
        </ViewportPortal>
      </ReactFlow>
      {refused !== null && (
        <output className={styles.refused}>
          Refused, a cycle: <span className="mono">{refused}</span>
        </output>
      )}
    </div>
  );
}

function WaveColumn({
  wave,
  height,
  isOrdered,
}: {
  readonly wave: Wave;
  readonly height: number;
  readonly isOrdered: boolean;
}) {
  return (
    <div className={styles.wave} style={{ transform: `translate(${wave.x}px, 0)`, width: WAVE_WIDTH, height }}>
      <b>{isOrdered ? `Wave ${wave.number}` : wave.number === 1 ? "All at once" : ""}</b>
      {isOrdered &&
        (wave.after.length === 0
          ? "starts at once"
          : `when ${wordList(wave.after)} ${wave.after.length === 1 ? "is" : "are"} ready`)}
    </div>
  );
}

const wordList = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

function WaitEdge({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, markerEnd }: EdgeProps) {
  const [path] = getSmoothStepPath({
    sourceX,
    sourceY,
    targetX,
    targetY,
    sourcePosition,
    targetPosition,
    borderRadius: CORNER,
  });
  return <BaseEdge path={path} {...(markerEnd === undefined ? {} : { markerEnd })} interactionWidth={18} />;
}

function ConnectionLine({
  fromX,
  fromY,
  toX,
  toY,
  fromPosition,
  toPosition,
  connectionStatus,
}: ConnectionLineComponentProps) {
  const [path] = getSmoothStepPath({
    sourceX: fromX,
    sourceY: fromY,
    targetX: toX,
    targetY: toY,
    sourcePosition: fromPosition,
    targetPosition: toPosition,
    borderRadius: CORNER,
  });
  return <path d={path} className={styles.drawn} data-refused={connectionStatus === "invalid" || undefined} />;
}
