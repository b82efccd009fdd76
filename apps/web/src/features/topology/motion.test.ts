import { expect, it } from "vitest";
import type { PlacedCell } from "./layout.ts";
import { FADE_MS, Motion } from "./motion.ts";
import { podView } from "./testing.ts";

const cell = (state: "ready" | "starting", x: number): PlacedCell => ({
  x,
  y: 0,
  w: 10,
  h: 10,
  cell: {
    key: "0/decode/0",
    pod: podView(0, "decode", 0, { state }),
    group: 0,
    label: "decode-0",
    instance: null,
    isCause: false,
    isCopy: false,
    note: "",
  },
});

it("a change of state fades from what it was, then rests", () => {
  const motion = new Motion();
  motion.update([cell("starting", 0)], 1_000, false);
  motion.update([cell("ready", 0)], 2_000, false);
  const middle = motion.sample("0/decode/0", 2_000 + FADE_MS / 4);
  expect(middle.previous?.pod.state).toBe("starting");
  expect(middle.fade).toBeGreaterThan(0);
  expect(middle.fade).toBeLessThan(1);
  expect(motion.isBusy(2_000 + FADE_MS)).toBe(false);
  expect(motion.sample("0/decode/0", 2_000 + FADE_MS)).toEqual({ dx: 0, dy: 0, previous: null, fade: 1 });
});

it("a change of place starts where it was", () => {
  const motion = new Motion();
  motion.update([cell("ready", 0)], 1_000, false);
  motion.update([cell("ready", 40)], 2_000, false);
  expect(motion.sample("0/decode/0", 2_000).dx).toBe(-40);
});

it("a new frame moves nothing", () => {
  const motion = new Motion();
  motion.update([cell("ready", 0)], 1_000, false);
  motion.update([cell("ready", 40)], 2_000, true);
  expect(motion.isBusy(2_000)).toBe(false);
});
