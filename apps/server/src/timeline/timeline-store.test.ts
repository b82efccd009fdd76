import { type Database, openDatabase } from "@openpatio/db";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../testing/index.ts";
import { type TimelineEntry, TimelineStore } from "./timeline-store.ts";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.url, 2);
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});

const line = (set: string | null, decision: string): TimelineEntry => ({
  kind: "set.changed",
  actor: "operator",
  setId: null,
  namespace: set === null ? null : "default",
  set,
  cluster: null,
  group: null,
  incarnation: null,
  cause: null,
  decision,
  actions: [],
});

test("only the newest lines of a set and of all together are kept", async () => {
  const timeline = new TimelineStore(db);
  const lines = [line("quiet", "q1"), ...["b1", "b2", "b3", "b4"].map((text) => line("busy", text)), line(null, "n1")];
  await timeline.record([...lines, line("quiet", "q2")], 1_000);
  const left = async () => (await timeline.list(null, 100)).map((item) => item.decision);

  expect(await timeline.prune({ perSet: 2, inAll: 100 })).toBe(2);
  expect(await left()).toEqual(["q2", "n1", "b4", "b3", "q1"]);
  expect(await timeline.prune({ perSet: 2, inAll: 3 })).toBe(2);
  expect(await left()).toEqual(["q2", "n1", "b4"]);
  expect(await timeline.prune()).toBe(0);
});
