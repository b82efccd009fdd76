import type { TileState } from "./state.ts";
import styles from "./state-glyph.module.css";

type PodTileProps = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly state: TileState;
  /** 0..1, of `starting`. */
  readonly progress?: number | null;
};

/** A pod in an SVG drawing: the tile with its cut, stretched over the slots it holds. From 6 px up. */
export function PodTile({ x, y, width, height, state, progress = null }: PodTileProps) {
  const size = Math.min(width, height);
  const line = size < 9 ? 1 : 1.25;
  const radius = Math.min(2, size / 5);
  const frame = (
    <rect
      className={styles.line}
      x={x + line / 2}
      y={y + line / 2}
      width={width - line}
      height={height - line}
      rx={Math.max(0, radius - line / 2)}
      strokeWidth={line}
      strokeDasharray={isLoose(state) ? "3 2" : undefined}
    />
  );
  const cut = cutOf({ x, y, width, height, state, progress }, size, line, radius);
  return (
    <g className={styles.glyph} data-state={state}>
      {isFilled(state) ? null : frame}
      {cut}
    </g>
  );
}

const isLoose = (state: TileState) => state === "pending" || state === "tornDown";
const isFilled = (state: TileState) => state === "ready" || state === "failed" || state === "degraded";

function cutOf(tile: PodTileProps, size: number, line: number, radius: number) {
  const { x, y, width, height, state } = tile;
  const centreX = x + width / 2;
  const centreY = y + height / 2;
  switch (state) {
    case "ready":
      return <rect x={x} y={y} width={width} height={height} rx={radius} />;
    case "failed": {
      const arm = size * 0.26;
      return (
        <>
          <rect x={x} y={y} width={width} height={height} rx={radius} />
          <path
            className={styles.cross}
            strokeWidth={Math.max(1, size / 7)}
            d={`M${centreX - arm} ${centreY - arm}l${2 * arm} ${2 * arm}M${centreX + arm} ${centreY - arm}l${-2 * arm} ${2 * arm}`}
          />
        </>
      );
    }
    case "degraded":
      return <path d={`M${x} ${y}H${centreX}V${centreY}H${x + width}V${y + height}H${x}Z`} />;
    case "starting": {
      const fill = Math.max(0.25, tile.progress ?? 0.5) * (height - 2 * line);
      return <rect x={x + line} y={y + height - line - fill} width={width - 2 * line} height={fill} />;
    }
    case "updating":
      return <path d={`M${x + width} ${y}V${y + height}H${x}Z`} />;
    case "recovering":
    case "tornDown": {
      const core = Math.max(2, Math.round(size * 0.28));
      return <rect x={centreX - core / 2} y={centreY - core / 2} width={core} height={core} />;
    }
    case "unknown":
      return <path className={styles.line} strokeWidth={line} d={`M${x} ${y + height}L${x + width} ${y}`} />;
    case "deleting":
      return <rect x={x + width / 4} y={centreY - line / 2} width={width / 2} height={line} />;
    case "stale":
    case "paused":
    case "pending":
      return null;
  }
}
