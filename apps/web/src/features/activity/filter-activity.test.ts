import type { TimelineItem } from "@openpatio/core/view";
import { expect, it } from "vitest";
import { type ActivityFilter, filterActivity } from "./filter-activity.ts";

const item = (id: string, more: Partial<TimelineItem>): TimelineItem => ({
  id,
  atMs: Number(id),
  kind: "group.ready",
  actor: "openpatio",
  namespace: "default",
  set: "demo",
  home: null,
  cluster: null,
  group: 0,
  incarnation: 1,
  cause: null,
  decision: "All roles are ready",
  actions: [],
  ...more,
});

const ITEMS = [
  item("1", { kind: "set.created", actor: "operator", group: null }),
  item("2", { kind: "scaled", actor: "operator", decision: "2 to 3 groups" }),
  item("3", { kind: "group.recovering", cause: "decode-2 exited 137" }),
  item("4", { kind: "cluster.lost", set: null, namespace: null, group: null, cluster: "north-1" }),
];

it.each<[Partial<ActivityFilter>, string[]]>([
  [{}, ["4", "3", "2", "1"]],
  [{ topic: "set" }, ["2", "1"]],
  [{ actor: "operator", topic: "group" }, []],
  [{ text: "EXITED 137" }, ["3"]],
  [{ text: "default/demo-0" }, ["3", "2"]],
  [{ text: "north" }, ["4"]],
])("%j finds %j, newest first", (filter, found) => {
  const ids = filterActivity(ITEMS, { text: "", topic: null, actor: null, ...filter }).map(({ id }) => id);
  expect(ids).toEqual(found);
});
