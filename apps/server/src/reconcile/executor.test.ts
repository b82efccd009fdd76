import { DomainError } from "@openpatio/core/errors";
import type { Action } from "@openpatio/core/plan";
import type { ClusterPort } from "@openpatio/core/ports";
import { expect, test } from "vitest";
import { silentLog } from "../log.ts";
import { Executor } from "./executor.ts";

const create = (name: string, cluster = "c1"): Action => ({
  kind: "create",
  cluster,
  group: 0,
  object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" } },
});

function setUp(answer: (name: string) => Promise<void>) {
  const sent: string[] = [];
  const state = { nowMs: 1_000_000, mayAct: true };
  const port = (cluster: string) => {
    const part: Pick<ClusterPort, "create"> = {
      create: (object) => {
        sent.push(`${cluster}/${object.metadata.name}`);
        return answer(object.metadata.name);
      },
    };
    return part as ClusterPort; // the executor is given no other action here
  };
  const executor = new Executor({
    port,
    mayAct: () => state.mayAct,
    nowMs: () => state.nowMs,
    log: silentLog(),
    onAction: () => {},
  });
  const run = (...actions: Action[]) => executor.execute("set", actions, silentLog());
  const execute = async (...actions: Action[]) => (await run(...actions)).failures;
  return { executor, execute, run, sent, state };
}

const refused = () => new DomainError("cluster.refused", "quota exceeded");
const silent = () => new DomainError("cluster.unreachable", "timed out", { retry: "backoff" });

test("a refused action is not sent again before its backoff ends, whatever triggers the plan", async () => {
  const { execute, sent, state } = setUp(async () => {
    throw refused();
  });
  const [failure] = await execute(create("a"));
  expect(failure).toMatchObject({ attempts: 1, isNew: true });
  expect(await execute(create("a"))).toMatchObject([{ attempts: 1, isNew: false }]);
  expect(sent).toHaveLength(1);
  state.nowMs = failure?.retryAtMs ?? 0;
  expect(await execute(create("a"))).toMatchObject([{ attempts: 2, isNew: false }]);
  expect(sent).toHaveLength(2);
});

test("a failure is forgotten when its action is not wanted any more or succeeds", async () => {
  const { executor, execute, state } = setUp(async (name) => {
    if (name === "a") throw refused();
  });
  await execute(create("a"), create("b"));
  expect(executor.failuresOf("set")).toHaveLength(1);
  state.nowMs += 60_000;
  await execute(create("b"));
  expect(executor.failuresOf("set")).toEqual([]);
});

test("a cluster that does not answer is left alone for a while, and others are not delayed", async () => {
  const { execute, sent, state } = setUp(async (name) => {
    if (name.startsWith("dead")) throw silent();
  });
  for (let i = 0; i < 5; i++) await execute(create(`dead-${i}`));
  const before = sent.length;
  expect(await execute(create("dead-6"), create("fine", "c2"))).toHaveLength(1);
  expect(sent.slice(before)).toEqual(["c2/fine"]);
  state.nowMs += 5_001;
  await execute(create("back"));
  expect(sent.at(-1)).toBe("c1/back");
});

test("nothing is sent once the lease is lost", async () => {
  const { execute, sent, state } = setUp(async () => {});
  state.mayAct = false;
  expect(await execute(create("a"))).toHaveLength(1);
  expect(sent).toEqual([]);
});

test("at most eight calls to one cluster are under way", async () => {
  let active = 0;
  let most = 0;
  const { execute } = setUp(async () => {
    active += 1;
    most = Math.max(most, active);
    await new Promise((resolve) => setTimeout(resolve, 1));
    active -= 1;
  });
  await execute(...Array.from({ length: 40 }, (_, i) => create(`n${i}`)));
  expect(most).toBe(8);
});

test("of a large plan the first part is sent, and what a cluster refuses holds up nothing behind it", async () => {
  const { run, sent } = setUp(async (name) => {
    if (name.startsWith("refused")) throw refused();
  });
  const actions = [
    ...Array.from({ length: 80 }, (_, i) => create(`refused-${i}`)),
    ...Array.from({ length: 90 }, (_, i) => create(`fine-${i}`)),
  ];
  const first = await run(...actions);
  expect(first.isMoreToDo).toBe(true);
  expect(sent).not.toContain("c1/fine-0");
  const second = await run(...actions);
  expect(second).toMatchObject({ isMoreToDo: true });
  expect(second.failures).toHaveLength(80);
  expect(sent.at(-1)).toBe("c1/fine-79");
  expect((await run(...actions.slice(0, 80), ...actions.slice(160))).isMoreToDo).toBe(false);
  expect(sent.at(-1)).toBe("c1/fine-89");
});
