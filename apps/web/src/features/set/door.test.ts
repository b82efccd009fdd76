import { expect, it } from "vitest";
import { editPath, groupPath, setPath, setTopic, timelineTopic } from "#lib/paths.ts";
import { doorOf } from "./door.ts";

it("tells how a set came in, and nothing of one that was made here", () => {
  expect(doorOf({ home: null })).toBeNull();
  expect(doorOf({ home: "west" })?.word).toBe("kubectl · west");
  expect(doorOf({ home: "west" })?.sentence).toMatch(/^Applied to cluster west with kubectl\./);
});

it("carries the home of a set in its addresses and topics", () => {
  const ours = { namespace: "default", name: "demo", home: null };
  const theirs = { ...ours, home: "west" };
  expect([setPath(ours), groupPath(ours, 1), editPath(ours)]).toEqual([
    "/sets/default/demo",
    "/sets/default/demo?group=1",
    "/sets/default/demo/edit",
  ]);
  expect([setPath(theirs), groupPath(theirs, 1), editPath(theirs)]).toEqual([
    "/sets/default/demo?home=west",
    "/sets/default/demo?home=west&group=1",
    "/sets/default/demo/edit?home=west",
  ]);
  expect(setTopic("default", "demo", undefined)).toBe("set/default/demo");
  expect(setTopic("default", "demo", "west")).toBe("set/default/demo/west");
  expect(timelineTopic(theirs)).toBe("timeline/default/demo/west");
});
