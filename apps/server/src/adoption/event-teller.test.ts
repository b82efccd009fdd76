import { expect, test } from "vitest";
import { wordsOf } from "./event-teller.ts";

test("an event says what the timeline says, with one word of why and how bad it is", () => {
  const line = { cause: "decode-2: engine exited 137", decision: "Recreate group 1 as incarnation 5", atMs: 7 };
  expect(wordsOf({ ...line, kind: "group.failed" })).toEqual({
    type: "Warning",
    reason: "GroupFailed",
    message: "Recreate group 1 as incarnation 5: decode-2: engine exited 137",
    atMs: 7,
  });
  expect(wordsOf({ kind: "group.role-started", cause: null, decision: "Start decode", atMs: 7 })).toEqual({
    type: "Normal",
    reason: "GroupRoleStarted",
    message: "Start decode",
    atMs: 7,
  });
});
