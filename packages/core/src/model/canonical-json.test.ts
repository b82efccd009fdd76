import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

test("writes canonical JSON", () => {
  expect(canonicalJson({ b: [1, undefined, { z: null, a: "x\n" }], a: true, "": 0 })).toBe(
    '{"":0,"a":true,"b":[1,null,{"a":"x\\n","z":null}]}',
  );
});
