import { expect, test } from "vitest";
import { labelsText, parseLabels } from "./labels-text.ts";

test("what is shown of labels is read as the same labels", () => {
  const labels = { tier: "prod", "example.com/region": "eu", spot: "" };
  expect(labelsText(labels)).toBe("example.com/region=eu\nspot=\ntier=prod");
  expect(parseLabels(labelsText(labels))).toEqual({ labels });
});

test("lines, commas and spaces may stand between them", () => {
  expect(parseLabels(" region = eu,tier=prod\n\nspot=\n")).toEqual({
    labels: { region: "eu", tier: "prod", spot: "" },
  });
  expect(parseLabels("  ")).toEqual({ labels: {} });
});

test.each([
  ["region", "region is not of the form key=value."],
  ["=eu", "=eu is not of the form key=value."],
  ["a=b=c", "a=b=c is not of the form key=value."],
  ["region=eu\nregion=us", "region stands there twice."],
])("%j is refused", (text, problem) => {
  expect(parseLabels(text)).toEqual({ problem });
});
