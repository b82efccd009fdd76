import { waveNumbers } from "@openpatio/core/plan";
import type { DesignRole } from "./design.ts";

/** Columns are startup waves: a card stands where its role starts, so the picture is the order. Pixels of the canvas. */

export const CARD_WIDTH = 216;
export const WAVE_WIDTH = 304;
const CARD_GAP = 24;
const TOP = 56;
const HEAD_HEIGHT = 68;
const FACT_HEIGHT = 20;
const FOOT_HEIGHT = 30;
const FACTS = 4;

export type PlacedCard = { readonly role: DesignRole; readonly x: number; readonly y: number; readonly height: number };
export type Wave = { readonly number: number; readonly x: number; readonly after: readonly string[] };
export type BoardLayout = {
  readonly cards: readonly PlacedCard[];
  readonly waves: readonly Wave[];
  readonly height: number;
};

export const cardHeight = (role: DesignRole): number =>
  HEAD_HEIGHT + FACTS * FACT_HEIGHT + 14 + (role.problems.length > 0 ? FOOT_HEIGHT : 0);

export function layoutBoard(roles: readonly DesignRole[], isOrdered: boolean): BoardLayout {
  const known = new Set(roles.map((role) => role.name));
  const waveOf = waveNumbers(roles.map((role) => ({ role: role.name, dependencies: role.dependencies })));
  const columns: DesignRole[][] = [];
  for (const role of roles) {
    const column = (waveOf.get(role.name) ?? 1) - 1;
    while (columns.length <= column) columns.push([]);
    columns[column]?.push(role);
  }
  const heights = columns.map((column) => column.reduce((sum, role) => sum + cardHeight(role) + CARD_GAP, -CARD_GAP));
  const tallest = Math.max(0, ...heights);
  const cards = columns.flatMap((column, wave) => {
    // Columns are centred on each other, so that arrows between lone cards run straight.
    let y = TOP + (tallest - (heights[wave] ?? 0)) / 2;
    return column.map((role) => {
      const card = {
        role,
        x: wave * WAVE_WIDTH + (WAVE_WIDTH - CARD_WIDTH) / 2,
        y: Math.round(y),
        height: cardHeight(role),
      };
      y += card.height + CARD_GAP;
      return card;
    });
  });
  const waves = columns.map((column, i) => ({
    number: i + 1,
    x: i * WAVE_WIDTH,
    after: isOrdered ? [...new Set(column.flatMap((role) => role.dependencies))].filter((name) => known.has(name)) : [],
  }));
  return { cards, waves, height: TOP + tallest + CARD_GAP };
}
