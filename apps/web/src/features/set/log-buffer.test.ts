import { expect, it } from "vitest";
import { appendLines, EMPTY_LOG, MAX_LINES, matchLines } from "./log-buffer.ts";

it("keeps the newest lines and counts what it dropped", () => {
  const full = appendLines(
    EMPTY_LOG,
    Array.from({ length: MAX_LINES }, (_, k) => `line ${k}`),
    2,
  );
  const next = appendLines(full, ["newest"], 0);
  expect(next.lines).toHaveLength(MAX_LINES);
  expect(next.lines.at(-1)).toBe("newest");
  expect(next.skipped).toBe(3);
  expect(next.total).toBe(MAX_LINES + 1);
});

it("searches without regard to case", () => {
  expect(matchLines(appendLines(EMPTY_LOG, ["INFO ok", "error: oom"], 0), "ERROR")).toEqual(["error: oom"]);
});
