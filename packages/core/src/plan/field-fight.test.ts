import { expect, test } from "vitest";
import { aNode, aSet, Operated, World } from "../testing/index.ts";
import { retakeFields } from "./rollout-controls.ts";

const CONFIG = "ConfigMap/demo-0-config";

function ready(): Operated {
  const set = new Operated(new World([aNode("n1")]), aSet({ replicas: 1 }));
  set.untilReady();
  set.timeline.length = 0;
  return set;
}
const tamper = (set: Operated, value = "theirs") =>
  set.world.tamper(CONFIG, { data: { "config.yaml": value } }, "other-controller");
const isTheirs = (set: Operated, value = "theirs") =>
  JSON.stringify(set.world.objects.get(CONFIG)?.object["data"]) === JSON.stringify({ "config.yaml": value });
const condition = (set: Operated) => set.plan().status.conditions.find(({ type }) => type === "FieldFight");

/** The other manager undoes what we undid, until it is left alone. */
function fight(set: Operated): void {
  for (let i = 0; i < 3; i++) {
    tamper(set);
    set.run(12);
  }
  expect(isTheirs(set)).toBe(true);
}

test("a foreign change is put back twice; the third within ten minutes is left, with a condition that names it", () => {
  const set = ready();
  expect(condition(set)?.status).toBe("False");
  fight(set);
  expect(set.told("object.restored")).toHaveLength(2);
  expect(set.told("object.conflict")).toMatchObject([
    {
      cause: "ConfigMap demo-0-config was changed by other-controller",
      decision: "Leave ConfigMap demo-0-config as it is: it was put back twice within 10 min",
    },
  ]);
  expect(condition(set)).toMatchObject({
    status: "True",
    reason: "OtherManager",
    message: expect.stringContaining("other-controller keeps changing data of ConfigMap demo-0-config"),
  });
  set.acted.length = 0;
  set.run(400);
  expect(set.acted.filter(({ kind }) => kind !== "status")).toEqual([]);
  expect(set.told("object.conflict")).toHaveLength(1);
});

test("two changes that are far apart are no fight", () => {
  const set = ready();
  for (let i = 0; i < 4; i++) {
    tamper(set);
    set.run(2);
    expect(isTheirs(set)).toBe(false);
    set.world.nowMs += 400_000;
  }
  expect(set.told("object.restored")).toHaveLength(4);
});

test("without a change for ten minutes it is tried once, and given up at once when that is undone", () => {
  const set = ready();
  fight(set);
  set.run(300);
  tamper(set, "again");
  set.run(590);
  expect(isTheirs(set, "again")).toBe(true);
  set.run(15);
  expect(isTheirs(set, "again")).toBe(false);
  expect(condition(set)?.status).toBe("False");
  tamper(set);
  set.run(15);
  expect(isTheirs(set)).toBe(true);
  expect(condition(set)?.status).toBe("True");
});

test.each<[string, (set: Operated) => void]>([
  [
    "a person who takes it back",
    (set) => {
      const change = retakeFields(set.state);
      expect(change?.timeline[0]?.decision).toBe("Take ConfigMap demo-0-config back");
      set.state = change?.state ?? set.state;
      expect(retakeFields(set.state)).toBeNull();
    },
  ],
  [
    "a new definition",
    (set) => {
      const next = { ...set.state.spec, recovery: { ...set.state.spec.recovery, maxRecoveries: 7 } };
      set.edit(next);
    },
  ],
])("%s ends the fight", (_, end) => {
  const set = ready();
  fight(set);
  end(set);
  set.run(12);
  expect(isTheirs(set)).toBe(false);
  expect(condition(set)?.status).toBe("False");
});

test("what is left to another manager holds no start back", () => {
  const set = ready();
  fight(set);
  set.world.crash("demo-0-decode-0");
  set.untilReady();
  expect(set.state.groups[0]?.incarnation).toBe(2);
});

test("replicas of a workload that somebody keeps changing are left too, and settle when they are as wanted", () => {
  const set = ready();
  const workload = set.world.workloads.get("StatefulSet/demo-0-decode")?.shown;
  if (workload === undefined) throw new Error("no workload");
  for (let i = 0; i < 3; i++) {
    Object.assign(workload, { replicas: 3, generation: workload.generation + 1, scaledBy: "keda" });
    set.run(12);
  }
  expect(workload.replicas).toBe(3);
  expect(condition(set)?.message).toContain("keda keeps changing spec.replicas of StatefulSet demo-0-decode");
  expect(set.state.groups[0]?.incarnation).toBe(1);
  Object.assign(workload, { replicas: 2, generation: workload.generation + 1 });
  set.untilReady();
  expect(condition(set)?.status).toBe("False");
});

test("a deletion is undone however often it happens", () => {
  const set = ready();
  for (let i = 0; i < 5; i++) {
    set.world.objects.delete(CONFIG);
    set.run(12);
    expect(set.world.objects.has(CONFIG)).toBe(true);
  }
  expect(condition(set)?.status).toBe("False");
});
