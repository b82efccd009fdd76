"use client";

import type { GroupPhase } from "@openpatio/core/model";
import {
  type KeyboardEvent,
  type PointerEvent,
  type Ref,
  useCallback,
  useEffect,
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useNow } from "#lib/clock.ts";
import { useThemeVersion } from "#lib/theme.ts";
import { HoverCard } from "./hover-card.tsx";
import { describeSelection, moveSelection, type Selection } from "./keyboard.ts";
import { clampView, FIT, type Hit, hitTest, type Viewport, zoomAt } from "./layout.ts";
import { type LaneLayout, layoutLanes, MAX_LANES } from "./layout-lanes.ts";
import { layoutRacks, type RackLayout } from "./layout-racks.ts";
import { layoutSlabs, type SlabLayout } from "./layout-slabs.ts";
import type { TopologyModel } from "./model.ts";
import { Motion } from "./motion.ts";
import type { Scene } from "./paint.ts";
import { paintLanes } from "./paint-lanes.ts";
import { paintRacks } from "./paint-racks.ts";
import { paintSlabs } from "./paint-slabs.ts";
import { type Palette, resolvePalette } from "./palette.ts";
import type { RackModel } from "./rack-model.ts";
import styles from "./topology.module.css";

export type ZoomHandle = {
  readonly zoomBy: (factor: number) => void;
  readonly fit: () => void;
};

type TopologyCanvasProps = {
  readonly model: TopologyModel;
  /** Set: the picture by cluster; null: by group. */
  readonly racks: RackModel | null;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  /** Enter on a selection: the panel takes the focus. */
  readonly onOpen: () => void;
  readonly shownPhases: ReadonlySet<GroupPhase> | null;
  readonly isRolling: boolean;
  readonly zoomRef: Ref<ZoomHandle>;
  readonly onScale: (scale: number) => void;
};

type Layout = LaneLayout | SlabLayout | RackLayout;
type Size = { readonly width: number; readonly minHeight: number };

const MIN_STAGE_H = 380;
/** Foot of the stage: legend and zoom. */
const FOOT_H = 50;
const MAX_DPR = 3;

/**
 * The live picture. One canvas that is drawn again only when something in it changed: data, size, theme, selection,
 * viewport, or a countdown. Viewport, pointer and the frame loop live here and outside React's state; what is selected
 * is owned by the page (it is in the address), what is drawn is prepared by pure layout code.
 */
export function TopologyCanvas(props: TopologyCanvasProps) {
  const { model, racks, selection, onSelect, onOpen, shownPhases, isRolling, zoomRef, onScale } = props;
  const hostRef = useRef<HTMLDivElement>(null);
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const paletteRef = useRef<Palette | null>(null);
  const motionRef = useRef(new Motion());
  const viewRef = useRef<Viewport>(FIT);
  const frameRef = useRef(0);
  const dragRef = useRef<{ x: number; y: number; from: Viewport; hasMoved: boolean } | null>(null);
  const [size, setSize] = useState<Size | null>(null);
  const [hover, setHover] = useState<{ readonly hit: Hit; readonly x: number; readonly y: number } | null>(null);
  const [isZoomed, setZoomed] = useState(false);
  const themeVersion = useThemeVersion();
  const helpId = useId();

  // Lanes leave out what the filter leaves out; in a picture where a place is an index it only gets paler.
  const laneModel = useMemo(
    () =>
      shownPhases === null
        ? model
        : { ...model, groups: model.groups.filter((group) => shownPhases.has(group.view.phase)) },
    [model, shownPhases],
  );
  const layout = useMemo((): Layout | null => {
    if (size === null) return null;
    if (racks !== null) return layoutRacks(model, racks, size.width, size.minHeight);
    return model.groups.length > MAX_LANES
      ? layoutSlabs(model, size.width, size.minHeight)
      : layoutLanes(laneModel, size.width, size.minHeight);
  }, [model, laneModel, racks, size]);

  const isCounting = model.groups.some((group) => group.view.untilMs !== null);
  const nowMs = useNow(isCounting);

  const paint = useCallback((): void => {
    const canvas = canvasRef.current;
    const host = hostRef.current;
    const ctx = canvas?.getContext("2d") ?? null;
    if (canvas === null || host === null || ctx === null || layout === null) return;
    paletteRef.current ??= resolvePalette(host);
    const ratio = Math.min(MAX_DPR, window.devicePixelRatio || 1);
    const pixels = { w: Math.round(layout.width * ratio), h: Math.round(layout.height * ratio) };
    if (canvas.width !== pixels.w || canvas.height !== pixels.h) {
      canvas.width = pixels.w;
      canvas.height = pixels.h;
    }
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, layout.width, layout.height);
    const nowInFrame = Date.now();
    const phases = new Map(model.groups.map((group) => [group.view.index, group.view.phase]));
    const scene: Scene = {
      ctx,
      palette: paletteRef.current,
      width: layout.width,
      height: layout.height,
      view: viewRef.current,
      selectedGroup: selection.group,
      selectedPod: selection.pod,
      hoveredPod: hover?.hit.cell?.key ?? null,
      hoveredInstance: hover?.hit.cell?.instance ?? null,
      nowMs: nowInFrame,
      isDimmed: (index) => {
        const phase = phases.get(index);
        return shownPhases !== null && phase !== undefined && !shownPhases.has(phase);
      },
      motion: motionRef.current,
    };
    const look = { isOrdered: model.isOrdered, target: model.targetRevision, isRolling };
    if (layout.kind === "lanes") paintLanes(scene, layout, look);
    else if (layout.kind === "slabs") paintSlabs(scene, layout, look);
    else paintRacks(scene, layout, racks?.unplaced ?? []);
  }, [layout, model, racks, selection, hover, isRolling, shownPhases]);

  const paintRef = useRef(paint);
  const requestPaint = useCallback((): void => {
    if (frameRef.current !== 0) return;
    const frame = (): void => {
      frameRef.current = 0;
      paintRef.current();
      if (motionRef.current.isBusy(Date.now())) frameRef.current = requestAnimationFrame(frame);
    };
    frameRef.current = requestAnimationFrame(frame);
  }, []);

  useLayoutEffect(() => {
    paintRef.current = paint;
    requestPaint();
  }, [paint, requestPaint]);

  useEffect(() => {
    if (nowMs !== null) requestPaint();
  }, [nowMs, requestPaint]);

  useEffect(() => () => cancelAnimationFrame(frameRef.current), []);

  // Motion belongs to changes of the cluster, not to a new size or another view.
  const frameKey = layout === null ? "" : `${layout.kind} ${layout.width}`;
  const lastFrameKey = useRef("");
  useLayoutEffect(() => {
    if (layout === null) return;
    const isReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    motionRef.current.update(layout.cells, Date.now(), isReduced || lastFrameKey.current !== frameKey);
    if (lastFrameKey.current !== frameKey) {
      lastFrameKey.current = frameKey;
      viewRef.current = FIT;
      setZoomed(false);
      onScale(1);
    }
  }, [layout, frameKey, onScale]);

  useEffect(() => {
    // Read anew after each change of theme.
    if (themeVersion >= 0) paletteRef.current = null;
    requestPaint();
    let isGone = false;
    void document.fonts.ready.then(() => {
      if (!isGone) requestPaint();
    });
    return () => {
      isGone = true;
    };
  }, [themeVersion, requestPaint]);

  useLayoutEffect(() => {
    const host = hostRef.current;
    if (host === null) return undefined;
    const measure = (): void => {
      const width = host.clientWidth;
      if (width === 0) return;
      const top = host.getBoundingClientRect().top + window.scrollY;
      const room = width < 700 ? MIN_STAGE_H : Math.max(MIN_STAGE_H, Math.floor(window.innerHeight - top - FOOT_H));
      setSize((before) => (before?.width === width && before.minHeight === room ? before : { width, minHeight: room }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(host);
    // What stands above can come and go, which moves the stage without a change of its width.
    observer.observe(document.body);
    window.addEventListener("resize", measure);
    return () => {
      observer.disconnect();
      window.removeEventListener("resize", measure);
    };
  }, []);

  const setView = useCallback(
    (view: Viewport): void => {
      viewRef.current = view;
      setZoomed(view.scale > 1);
      onScale(view.scale);
      requestPaint();
    },
    [onScale, requestPaint],
  );
  const frame = useMemo(() => ({ w: layout?.width ?? 0, h: layout?.height ?? 0 }), [layout]);
  const zoomBy = useCallback(
    (factor: number): void => setView(zoomAt(viewRef.current, factor, { x: frame.w / 2, y: frame.h / 2 }, frame)),
    [setView, frame],
  );
  useImperativeHandle(zoomRef, () => ({ zoomBy, fit: () => setView(FIT) }), [zoomBy, setView]);

  useEffect(() => {
    const host = hostRef.current;
    if (host === null) return undefined;
    // React's own wheel listener is passive and could not keep the page from scrolling.
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey && viewRef.current.scale === 1) return;
      event.preventDefault();
      const box = host.getBoundingClientRect();
      const at = { x: event.clientX - box.left, y: event.clientY - box.top };
      setView(zoomAt(viewRef.current, Math.exp(-event.deltaY * 0.0016), at, frame));
    };
    host.addEventListener("wheel", onWheel, { passive: false });
    return () => host.removeEventListener("wheel", onWheel);
  }, [setView, frame]);

  const hitAt = (event: PointerEvent): { hit: Hit | null; x: number; y: number } => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const view = viewRef.current;
    const hit = layout === null ? null : findHit(layout, racks, (x - view.x) / view.scale, (y - view.y) / view.scale);
    return { hit, x, y };
  };

  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const drag = dragRef.current;
    if (drag !== null && viewRef.current.scale > 1) {
      const dx = event.clientX - drag.x;
      const dy = event.clientY - drag.y;
      drag.hasMoved ||= Math.hypot(dx, dy) > 4;
      setView(clampView({ scale: drag.from.scale, x: drag.from.x + dx, y: drag.from.y + dy }, frame));
      return;
    }
    if (event.pointerType === "touch") return;
    const at = hitAt(event);
    const same = hover !== null && at.hit !== null && isSameHit(hover.hit, at.hit);
    if (at.hit === null) setHover(null);
    else if (!same || Math.abs(hover.x - at.x) > 6 || Math.abs(hover.y - at.y) > 6) {
      setHover({ hit: at.hit, x: at.x, y: at.y });
    }
  };

  const onPointerUp = (event: PointerEvent<HTMLDivElement>): void => {
    const drag = dragRef.current;
    dragRef.current = null;
    if (drag === null || drag.hasMoved) return;
    const { hit } = hitAt(event);
    if (hit === null || hit.group === null) return;
    onSelect({ group: hit.group, pod: hit.cell === null || hit.cell.isCopy ? null : hit.cell.pod.name });
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") {
      onOpen();
    } else if (event.key === "+" || event.key === "=") {
      zoomBy(1.4);
    } else if (event.key === "-") {
      zoomBy(1 / 1.4);
    } else if (event.key === "0") {
      setView(FIT);
    } else if (event.key === "Escape") {
      onSelect({ group: null, pod: null });
    } else {
      const perRow = layout?.kind === "slabs" ? layout.perRow : null;
      const next = moveSelection(layout?.kind === "lanes" ? laneModel : model, selection, event.key, perRow);
      if (next === null) return;
      onSelect(next);
    }
    event.preventDefault();
  };

  return (
    <div className={styles.stageFrame}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- an application is interactive */}
      <div
        ref={hostRef}
        className={styles.stage}
        style={{ height: layout?.height ?? MIN_STAGE_H }}
        data-zoomed={isZoomed || undefined}
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- no element is a picture that is walked with the arrow keys
        role="application"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- arrow keys move the selection
        tabIndex={0}
        aria-label={`Topology of ${model.setName}`}
        aria-describedby={helpId}
        onPointerDown={(event) => {
          dragRef.current = { x: event.clientX, y: event.clientY, from: viewRef.current, hasMoved: false };
        }}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerLeave={() => {
          dragRef.current = null;
          setHover(null);
        }}
        onKeyDown={onKeyDown}
      >
        <canvas ref={canvasRef} className={styles.canvas} aria-hidden />
        {hover !== null && (
          <HoverCard hit={hover.hit} model={model} x={hover.x} y={hover.y} frameW={frame.w} frameH={frame.h} />
        )}
      </div>
      <p id={helpId} className="sr-only">
        Arrow keys move between groups and pods, Enter opens the details, plus and minus zoom. The List view holds the
        same facts as a table.
      </p>
      <p className="sr-only" aria-live="polite">
        {describeSelection(model, selection)}
      </p>
    </div>
  );
}

function findHit(layout: Layout, racks: RackModel | null, x: number, y: number): Hit | null {
  if (layout.kind !== "racks") return hitTest(layout, x, y);
  const pod = layout.pods.find((item) => x >= item.x && x <= item.x + item.w && y >= item.y && y <= item.y + item.h);
  if (pod !== undefined && pod.item.cell === null) return { group: null, cell: null, other: pod.item };
  const first = racks?.unplaced[0];
  if (layout.tray !== null && y <= layout.tray.h && first !== undefined) {
    return { group: first.view.index, cell: null, other: null };
  }
  return hitTest(layout, x, y);
}

function isSameHit(a: Hit, b: Hit): boolean {
  return a.group === b.group && a.cell?.key === b.cell?.key && a.other?.pod.uid === b.other?.pod.uid;
}
