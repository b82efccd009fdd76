import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, contentHash, sha256Hex } from "./hash.ts";

test("agrees with the platform's SHA-256 on any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      expect(sha256Hex(text)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
    }),
    { numRuns: 300 },
  );
});

test("agrees on lengths around the block size and on lone surrogates", () => {
  for (const text of ["", "\u{1f600}", "\ud800x", ...[55, 56, 63, 64, 65, 119, 120].map((n) => "é".repeat(n))])
    expect(sha256Hex(text)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
});

test("does not depend on the order of keys, but does on the order of lists", () => {
  expect(contentHash({ a: 1, b: { c: 2, d: undefined } })).toBe(contentHash({ b: { c: 2 }, a: 1 }));
  expect(contentHash([1, 2])).not.toBe(contentHash([2, 1]));
});

test("writes canonical JSON", () => {
  expect(canonicalJson({ b: [1, undefined, { z: null, a: "x\n" }], a: true, "": 0 })).toBe(
    '{"":0,"a":true,"b":[1,null,{"a":"x\\n","z":null}]}',
  );
});
