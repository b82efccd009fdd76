import { describe, expect, it } from "vitest";
import { formatAge, formatCountdown, formatDuration, formatExact, formatPlural } from "./format.ts";

describe("durations", () => {
  it.each([
    [-5, "0 s"],
    [47_900, "47 s"],
    [498_000, "8 min 18 s"],
    [60_000, "1 min"],
    [3_600_000 + 5_000, "1 h"],
    [6 * 86_400_000 + 4 * 3_600_000, "6 d 4 h"],
  ])("%d ms reads %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("a column shows the largest unit alone", () => {
    expect(formatAge(498_000)).toBe("8 min");
    expect(formatAge(200)).toBe("0 s");
  });

  it("a countdown rounds up and never goes below zero", () => {
    expect(formatCountdown(46_100)).toBe("0:47");
    expect(formatCountdown(-1)).toBe("0:00");
    expect(formatCountdown(3_725_000)).toBe("1:02:05");
  });
});

it("an exact time names day, clock and zone", () => {
  expect(formatExact(Date.UTC(2025, 10, 24, 10, 42, 18))).toBe("24 Nov 2025, 10:42:18 UTC");
});

it("counts carry their noun", () => {
  expect(formatPlural(1, "group")).toBe("1 group");
  expect(formatPlural(1200, "pod")).toBe("1,200 pods");
});
