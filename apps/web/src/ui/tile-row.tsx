import type { GroupTile } from "@openpatio/core/view";
import { STATE_WORD, stateOfPhase, stateRank, TILE_STATES } from "./state.ts";
import { StateGlyph } from "./state-glyph.tsx";
import styles from "./tile-row.module.css";

type TileRowProps = {
  readonly tiles: readonly GroupTile[];
  /** How many there are in all; what does not fit is counted. */
  readonly total: number;
  /** Drawn at most; a row of a table holds fewer than a readout. */
  readonly limit?: number;
  /** Worst first, for a roll-up; otherwise by index. */
  readonly isWorstFirst?: boolean;
  readonly size?: number;
  /** A row of a table keeps its height. */
  readonly isOneLine?: boolean;
};

/** Groups as tiles. A screen reader hears the counts by state. */
export function TileRow({
  tiles,
  total,
  limit = 24,
  isWorstFirst = false,
  size = 11,
  isOneLine = false,
}: TileRowProps) {
  const ordered = isWorstFirst
    ? tiles.toSorted((a, b) => stateRank(stateOfPhase(a.phase)) - stateRank(stateOfPhase(b.phase)) || a.index - b.index)
    : tiles;
  const shown = ordered.slice(0, limit);
  const rest = total - shown.length;
  return (
    <span className={styles.tiles} data-one-line={isOneLine || undefined}>
      <span className="sr-only">{describeTiles(tiles)}</span>
      {shown.map((tile, position) => (
        <StateGlyph key={`${tile.index}-${position}`} state={stateOfPhase(tile.phase)} size={size} />
      ))}
      {rest > 0 && <span className={styles.more}>+{rest}</span>}
    </span>
  );
}

function describeTiles(tiles: readonly GroupTile[]): string {
  if (tiles.length === 0) return "no groups";
  const words: string[] = [];
  for (const state of TILE_STATES) {
    const count = tiles.filter((tile) => stateOfPhase(tile.phase) === state).length;
    if (count > 0) words.push(`${count} ${STATE_WORD[state].toLowerCase()}`);
  }
  return words.join(", ");
}
