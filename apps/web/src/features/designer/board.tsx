"use client";

import "@xyflow/react/dist/base.css";
import {
  BaseEdge,
  type Connection,
  type ConnectionLineComponentProps,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  ReactFlow,
  ReactFlowProvider,
  useConnection,
  useReactFlow,
  useStore,
  useViewport,
  ViewportPortal,
} from "@xyflow/react";
import { X } from "lucide-react";
import { type CSSProperties, createContext, use, useCallback, useEffect, useMemo, useRef, useState } from "react";
import styles from "./board.module.css";
import {
  type BoardLayout,
  layoutBoard,
  PORT_Y,
  type Point,
  routeBack,
  routeWire,
  type Wave,
  wirePath,
} from "./board-layout.ts";
import { type Design, podsText, ringArrows, ringIfWaiting, unknownDependencies } from "./design.ts";
import { changesOf } from "./design-changes.ts";
import { RoleCard, type RoleNode } from "./role-card.tsx";

type BoardProps = {
  readonly design: Design;
  /** To tell what is new and changed; null for a new set. */
  readonly stored: Design | null;
  /** Index of the selected role; null selects the set. */
  readonly selected: number | null;
  readonly onSelect: (role: number | null) => void;
  readonly onScale: (role: number, replicas: number) => void;
  readonly onConnect: (waiting: string, dependency: string) => void;
  readonly onDisconnect: (waiting: string, dependency: string) => void;
};

type Size = { readonly width: number; readonly height: number };
type WireData = {
  readonly points: readonly Point[];
  readonly isRing: boolean;
  readonly onRemove: () => void;
};
type WireEdge = Edge<WireData, "wire">;

const NODE_TYPES = { role: RoleCard };
const EDGE_TYPES = { wire: Wire };
const CORNER = 6;
const ARROW = 7;
const MIN_ZOOM = 0.35;
/** Below this the text of a card is no longer read at a glance. */
const MIN_FIT_ZOOM = 0.7;
const NO_LAYOUT: BoardLayout = { isStacked: false, cards: [], waves: [], width: 0, height: 0 };
/** For what is drawn by React Flow itself, out of reach of properties. */
const Drawing = createContext<{ readonly layout: BoardLayout; readonly roles: Design["roles"] }>({
  layout: NO_LAYOUT,
  roles: [],
});

/** Roles as cards in the columns of their waves; an arrow from a role to the one that waits for it. */
export function Board(props: BoardProps) {
  const host = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size | null>(null);
  useEffect(() => {
    if (host.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width = 0, height = 0 } = entry?.contentRect ?? {};
      setSize({ width: Math.round(width), height: Math.round(height) });
    });
    observer.observe(host.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={host} className={styles.host}>
      {size !== null && size.width > 0 && (
        <ReactFlowProvider>
          <Flow {...props} size={size} />
        </ReactFlowProvider>
      )}
    </div>
  );
}

function Flow({
  design,
  stored,
  selected,
  onSelect,
  onScale,
  onConnect,
  onDisconnect,
  size,
}: BoardProps & { readonly size: Size }) {
  const isOrdered = design.startupPolicy !== "Parallel";
  const { layout, zoom } = useMemo(() => fitBoard(design.roles, isOrdered, size), [design.roles, isOrdered, size]);
  const drawing = useMemo(() => ({ layout, roles: design.roles }), [layout, design.roles]);
  const [pickedWire, setPickedWire] = useState<string | null>(null);
  const selectedName = selected === null ? null : (design.roles[selected]?.name ?? null);
  useFit(layout, zoom, size);

  const nodes = useMemo(
    () =>
      layout.cards.map(
        (card): RoleNode => ({
          id: String(card.role.index),
          type: "role",
          position: { x: card.x, y: card.y },
          width: card.width,
          height: card.height,
          selected: card.role.index === selected,
          deletable: false,
          ariaLabel: `Role ${card.role.name}, ${podsText(card.role)}${card.role.problems.length > 0 ? ", has problems" : ""}`,
          data: {
            role: card.role,
            changes: changesOf(card.role, stored),
            unknown: unknownDependencies(design.roles, card.role),
            isStacked: layout.isStacked,
            onScale: (replicas) => onScale(card.role.index, replicas),
          },
        }),
      ),
    [layout, design.roles, stored, selected, onScale],
  );
  const edges = useMemo(() => {
    const cardOf = new Map(layout.cards.map((card) => [card.role.name, card]));
    const rings = ringArrows(design.roles);
    return layout.cards.flatMap((card) =>
      card.role.dependencies.flatMap((dependency): WireEdge[] => {
        const from = cardOf.get(dependency);
        if (from === undefined) return [];
        const { name } = card.role;
        const id = `${dependency} > ${name}`;
        const isOn = name === selectedName || dependency === selectedName;
        return [
          {
            id,
            type: "wire",
            source: String(from.role.index),
            target: String(card.role.index),
            ariaLabel: `${name} waits for ${dependency}`,
            className: rings.has(id) ? (styles.ring ?? "") : isOn ? (styles.on ?? "") : (styles.wire ?? ""),
            selected: id === pickedWire,
            zIndex: isOn || id === pickedWire ? 1 : 0,
            data: {
              points: routeWire(layout, from, card),
              isRing: rings.has(id),
              onRemove: () => onDisconnect(name, dependency),
            },
          },
        ];
      }),
    );
  }, [layout, design.roles, selectedName, pickedWire, onDisconnect]);

  const nameOf = useCallback((id: string | null) => design.roles[Number(id)]?.name ?? "", [design.roles]);
  const isValid = ({ source, target }: Pick<Connection, "source" | "target">) =>
    ringIfWaiting(design.roles, nameOf(target), nameOf(source)) === null;
  const pick = (role: number | null) => {
    setPickedWire(null);
    onSelect(role);
  };

  return (
    <Drawing value={drawing}>
      <div
        className={styles.board}
        data-stacked={layout.isStacked || undefined}
        style={layout.isStacked ? ({ "--height": `${layout.height}px` } as CSSProperties) : undefined}
      >
        <ReactFlow<RoleNode, WireEdge>
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          nodesDraggable={false}
          nodesConnectable
          elementsSelectable
          deleteKeyCode={["Delete", "Backspace"]}
          minZoom={MIN_ZOOM}
          maxZoom={1.5}
          panOnDrag={!layout.isStacked}
          zoomOnScroll={false}
          panOnScroll={!layout.isStacked}
          zoomOnPinch={!layout.isStacked}
          zoomOnDoubleClick={false}
          preventScrolling={!layout.isStacked}
          autoPanOnConnect={layout.width * zoom > size.width + 1}
          connectionRadius={24}
          connectionLineComponent={DrawnWire}
          isValidConnection={isValid}
          onConnect={({ source, target }) => {
            const waiting = design.roles[Number(target)];
            if (waiting !== undefined && !waiting.dependencies.includes(nameOf(source)))
              onConnect(waiting.name, nameOf(source));
          }}
          onNodeClick={(_, node) => pick(Number(node.id))}
          onPaneClick={() => pick(null)}
          onNodesChange={(changes) => {
            // Selection by keyboard (Enter on a focused card) arrives here.
            for (const change of changes) if (change.type === "select" && change.selected) pick(Number(change.id));
          }}
          onEdgesChange={(changes) => {
            for (const change of changes) {
              if (change.type === "select") setPickedWire((now) => nextPick(now, change.id, change.selected));
            }
          }}
          onEdgesDelete={(removed) => {
            for (const edge of removed) onDisconnect(nameOf(edge.target), nameOf(edge.source));
          }}
        >
          <WaveHeads waves={layout.waves} isOrdered={isOrdered} isStacked={layout.isStacked} />
          <Refusal />
        </ReactFlow>
      </div>
    </Drawing>
  );
}

const nextPick = (now: string | null, id: string, isSelected: boolean): string | null =>
  isSelected ? id : now === id ? null : now;

/** The layout and the zoom that show all of it, as far as names stay readable; beyond that the canvas is panned. */
function fitBoard(roles: Design["roles"], isOrdered: boolean, { width, height }: Size) {
  const natural = layoutBoard(roles, isOrdered, width);
  if (natural.isStacked) return { layout: natural, zoom: 1 };
  const zoom = Math.max(MIN_FIT_ZOOM, Math.min(1, width / natural.width, height / natural.height));
  // A smaller zoom leaves room beside the columns: they take it.
  return { layout: layoutBoard(roles, isOrdered, width / zoom), zoom };
}

/** Fits the picture when roles, waves or the canvas change; panning and zooming in between are left alone. */
function useFit(layout: BoardLayout, zoom: number, { width, height }: Size): void {
  const { setViewport } = useReactFlow();
  const isReady = useStore((state) => state.width > 0);
  const shape = [layout.cards.length, layout.waves.length, layout.width, layout.isStacked, zoom, width, height].join();
  const fitted = useRef("");
  useEffect(() => {
    if (!isReady || fitted.current === shape) return;
    fitted.current = shape;
    const spare = (room: number, taken: number) => (layout.isStacked ? 0 : Math.max(0, (room - taken * zoom) / 2));
    void setViewport({ x: spare(width, layout.width), y: spare(height, layout.height), zoom });
  }, [isReady, shape, layout, zoom, width, height, setViewport]);
}

/** Heads and joints of the waves, over the whole height of the canvas; their text keeps its size at every zoom. */
function WaveHeads({
  waves,
  isOrdered,
  isStacked,
}: {
  readonly waves: readonly Wave[];
  readonly isOrdered: boolean;
  readonly isStacked: boolean;
}) {
  const { x, y, zoom } = useViewport();
  return (
    <ol className={styles.waves} aria-label="Startup waves">
      {waves.map((wave) => (
        <li
          key={wave.number}
          style={
            isStacked
              ? { transform: `translate(0, ${wave.y * zoom + y}px)`, width: "100%" }
              : { transform: `translate(${wave.x * zoom + x}px, 0)`, width: wave.width * zoom }
          }
        >
          <b>{isOrdered ? `Wave ${wave.number}` : wave.number === 1 ? "All at once" : ""}</b>
          {isOrdered && <span>{whenText(wave.after)}</span>}
        </li>
      ))}
    </ol>
  );
}

function whenText(after: readonly string[]): string {
  if (after.length === 0) return "starts at once";
  const names = after.length === 1 ? after[0] : `${after.slice(0, -1).join(", ")} and ${after.at(-1)}`;
  return `when ${names} ${after.length === 1 ? "is" : "are"} ready`;
}

function Wire({ data, selected, id }: EdgeProps<WireEdge>) {
  if (data === undefined) return null;
  const end = data.points.at(-1) ?? [0, 0];
  const middle = middleOf(data.points);
  return (
    <>
      <BaseEdge path={wirePath(data.points, CORNER, ARROW)} interactionWidth={18} />
      <path d={arrowHead(end)} className={styles.head} />
      {selected && (
        <EdgeLabelRenderer>
          <button
            type="button"
            className={`${styles.cut} nodrag nopan`}
            style={{ transform: `translate(-50%, -50%) translate(${middle[0]}px, ${middle[1]}px)` }}
            aria-label={`Remove: ${id.split(" > ")[1]} waits for ${id.split(" > ")[0]}`}
            onClick={data.onRemove}
          >
            <X size={12} strokeWidth={2} aria-hidden />
          </button>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

/** Pointing right, its tip just before the port. */
const arrowHead = ([x, y]: Point): string => `M${x - 1},${y}l${-ARROW},-4v8z`;

/** In the middle of the longest piece. */
function middleOf(points: readonly Point[]): Point {
  let best: Point = points[0] ?? [0, 0];
  let longest = -1;
  for (const [i, [x, y]] of points.entries()) {
    const next = points[i + 1];
    if (next === undefined) break;
    const length = Math.abs(next[0] - x) + Math.abs(next[1] - y);
    if (length > longest) {
      longest = length;
      best = [(x + next[0]) / 2, (y + next[1]) / 2];
    }
  }
  return best;
}

/** What is being drawn: from which card, over which other one, and the ring that it would close there. */
function useDrawing() {
  const { layout, roles } = use(Drawing);
  const held = useConnection((connection) => ({
    from: connection.inProgress ? connection.fromNode.id : "",
    to: connection.inProgress ? (connection.toNode?.id ?? "") : "",
  }));
  const cardOf = (id: string) => layout.cards.find((card) => String(card.role.index) === id);
  const from = cardOf(held.from);
  const to = cardOf(held.to);
  const ring = from === undefined || to === undefined ? null : ringIfWaiting(roles, to.role.name, from.role.name);
  return { layout, to, ring };
}

/** The wire that is being drawn; against the order it runs around the cards. */
function DrawnWire({ fromX, fromY, toX, toY }: ConnectionLineComponentProps<RoleNode>) {
  const { layout, to, ring } = useDrawing();
  // Over a card it already shows where it would end.
  const end: Point = to === undefined ? [toX, toY] : [to.x, to.y + PORT_Y];
  const points = drawnPoints(layout, [fromX, fromY], end);
  return (
    <g className={styles.drawn} data-refused={ring !== null || undefined}>
      <path d={wirePath(points, CORNER, ARROW)} />
      <path d={arrowHead(end)} className={styles.head} />
    </g>
  );
}

function drawnPoints(layout: BoardLayout, from: Point, to: Point): readonly Point[] {
  if (!layout.isStacked && to[0] <= from[0]) return routeBack(layout, from, to);
  const joint = layout.isStacked ? Math.min(from[0], to[0]) - 20 : (from[0] + to[0]) / 2;
  return [from, [joint, from[1]], [joint, to[1]], to];
}

/** Names the ring that an arrow would close, for as long as it is held over the role. */
function Refusal() {
  const { layout, to, ring } = useDrawing();
  if (ring === null || to === undefined) return <output className="sr-only" />;
  const x = layout.width / 2;
  const y = layout.isStacked ? to.y : routeBack(layout, [0, 0], [0, 0])[2]?.[1];
  return (
    <ViewportPortal>
      <output className={styles.refused} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
        Refused, a cycle: <span className="mono">{ring.join(" › ")}</span>
      </output>
    </ViewportPortal>
  );
}
