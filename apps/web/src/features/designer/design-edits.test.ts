import { editYaml, type YamlEdit } from "@openpatio/core/spec";
import { describe, expect, test } from "vitest";
import { type Design, type DesignRole, GPU, readDesign } from "./design.ts";
import {
  addClaim,
  addDependency,
  addRole,
  containerPath,
  duplicateRole,
  mountClaim,
  removeClaim,
  removeDependency,
  removeRole,
  renameClaim,
  renameRole,
  rolePath,
  setEntry,
  setInstanceSize,
  setKind,
  setOrDrop,
  setReadiness,
  setResource,
  setTopologyKey,
  templatePath,
} from "./design-edits.ts";
import { COMMENTED } from "./testing.ts";

const design = readDesign(COMMENTED);
const role = (name: string): DesignRole => {
  const found = design.roles.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no role ${name}`);
  return found;
};
const comments = (text: string) => text.match(/# .*$/gm) ?? [];
function apply(edits: readonly YamlEdit[]): { readonly text: string; readonly design: Design } {
  const text = editYaml(COMMENTED, edits);
  return { text, design: readDesign(text) };
}

describe("every edit keeps every comment and leaves the definition valid", () => {
  test.each<readonly [string, readonly YamlEdit[]]>([
    ["replicas of a role", [{ path: rolePath(1, "replicas"), value: 3 }]],
    ["replicas that were not written", [{ path: rolePath(0, "replicas"), value: 3 }]],
    ["a dependency more", addDependency(role("prefill"), "kv-store-2")],
    ["a first dependency", addDependency(role("kv-store"), "x")],
    ["a new name", renameRole(design, role("prefill"), "fill")],
    ["a role more", addRole(design).edits],
    ["a copy of a role", duplicateRole(design, role("router"), { role: "router", replicas: 1 }).edits],
    ["an image", [{ path: containerPath(templatePath(0), 0, "image"), value: "store:2" }]],
    ["GPUs", setResource(containerPath(templatePath(1), 0), GPU, "8")],
    ["memory", setResource(containerPath(templatePath(1), 0), "memory", "64Gi")],
    [
      "a readiness probe",
      setReadiness(containerPath(templatePath(1), 0), { path: "/health", port: "http", delaySeconds: "5" }),
    ],
    ["a topology", setTopologyKey("topology.kubernetes.io/rack")],
    ["instances over two nodes", setInstanceSize(role("prefill"), 2)],
    ["another kind", setKind(role("prefill"), "LeaderWorkerSet")],
    ["a claim", addClaim(role("decode"))],
    ["a Service for clients", setEntry(design, "prefill")],
    ["a startup policy", setOrDrop(["spec", "startupPolicy"], "Parallel", "Ordered")],
  ])("%s", (_, edits) => {
    expect(comments(apply(edits).text)).toEqual(comments(COMMENTED));
  });
});

describe("dependencies", () => {
  test("one more is written in the style of the list", () => {
    const { text } = apply(addDependency({ ...role("router"), index: 3 }, "kv-store"));
    expect(text).toContain("dependencies: [prefill, decode, kv-store]");
  });

  test("taking one away leaves the comment of the other", () => {
    const { text, design: after } = apply(removeDependency(role("decode"), "prefill"));
    expect(after.roles[2]?.dependencies).toEqual(["kv-store"]);
    expect(text).toContain("- kv-store # first");
  });

  test("taking the last one away takes the field away", () => {
    const { text, design: after } = apply(removeDependency(role("prefill"), "kv-store"));
    expect(after.roles[1]?.dependencies).toEqual([]);
    expect(text).not.toContain("dependencies: []");
    expect(after.problems).toEqual([]);
  });
});

describe("roles", () => {
  test("a new name reaches every role that waits for it", () => {
    const { design: after } = apply(renameRole(design, role("prefill"), "fill"));
    expect(after.problems).toEqual([]);
    expect(after.roles.map((each) => each.dependencies)).toEqual([
      [],
      ["kv-store"],
      ["kv-store", "fill"],
      ["fill", "decode"],
    ]);
  });

  test("a removed role is waited for by nobody", () => {
    const { design: after } = apply(removeRole(design, role("prefill")));
    expect(after.problems).toEqual([]);
    expect(after.roles.map((each) => [each.name, each.dependencies])).toEqual([
      ["kv-store", []],
      ["decode", ["kv-store"]],
      ["router", ["decode"]],
    ]);
  });

  test("an added role and a copy are valid and have a free name", () => {
    const added = apply(addRole(design).edits).design;
    expect(added.problems).toEqual([]);
    expect(added.roles.at(-1)?.name).toBe("role");
    expect(addRole(added).name).toBe("role-2");
    expect(duplicateRole(design, role("decode"), {}).name).toBe("decode-2");
  });
});

describe("values", () => {
  test("a default is taken away and not written", () => {
    const { text } = apply(setOrDrop(rolePath(3, "onPodFailure"), "Recreate", "Recreate"));
    expect(text).not.toContain("onPodFailure");
  });

  test("an emptied amount goes from limits and requests", () => {
    const { design: after } = apply(setResource(containerPath(templatePath(1), 0), GPU, ""));
    expect(after.roles[1]?.gpusPerPod).toBe(0);
  });

  test("no topology key means no constraint at all", () => {
    const withKey = editYaml(COMMENTED, setTopologyKey("topology.kubernetes.io/rack"));
    expect(readDesign(withKey)).toMatchObject({ topologyKey: "topology.kubernetes.io/rack" });
    expect(readDesign(editYaml(withKey, setTopologyKey(""))).topologyKey).toBe("");
  });
});

describe("multi-node instances", () => {
  test("a size of one is no leader and no workers", () => {
    const two = readDesign(editYaml(COMMENTED, setInstanceSize(role("prefill"), 2)));
    expect(two.roles[1]).toMatchObject({ size: 2, gpusPerPod: 4, gpusPerInstance: 8, problems: [] });
    const big = two.roles[1];
    const one = editYaml(
      editYaml(COMMENTED, setInstanceSize(role("prefill"), 2)),
      big === undefined ? [] : setInstanceSize(big, 1),
    );
    expect(setInstanceSize(role("prefill"), 1)).toEqual([]);
    expect(one).not.toContain("leaderWorker");
  });

  test("the API version of a kind is its own", () => {
    const { text } = apply(setKind(role("prefill"), "LeaderWorkerSet"));
    expect(text).toContain("leaderworkerset.x-k8s.io/v1");
    expect(apply(setKind(role("prefill"), "StatefulSet")).text).not.toContain("workload");
  });
});

describe("volume claims", () => {
  const inOrder = (...steps: readonly ((role: DesignRole) => readonly YamlEdit[])[]) =>
    steps.reduce((text, step) => {
      const decode = readDesign(text).roles[2];
      return decode === undefined ? text : editYaml(text, step(decode));
    }, COMMENTED);

  test("every container that mounts a claim follows its name, sidecars and workers included, and lets go of it", () => {
    const text = `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata: { name: demo }
spec:
  groupTemplate:
    roles:
      - role: engine
        volumeClaimTemplates: [{ metadata: { name: data } }]
        leaderWorker:
          size: 2
          workerTemplate:
            spec:
              containers:
                - { name: worker, image: a, volumeMounts: [{ name: data, mountPath: /w }] }
        template:
          spec:
            containers:
              - name: engine
                image: a
                volumeMounts:
                  - { name: data, mountPath: /a }
                  - { name: scratch, mountPath: /s }
                  - { name: data, mountPath: /b }
              - { name: sidecar, image: b, volumeMounts: [{ name: data, mountPath: /c }] }
`;
    const engine = (yaml: string): DesignRole => {
      const [found] = readDesign(yaml).roles;
      if (found === undefined) throw new Error("no role");
      return found;
    };
    const mounted = ({ containers, workers }: DesignRole) =>
      [...containers, ...(workers?.containers ?? [])].map(({ mounts }) => mounts.map(({ volume }) => volume));
    const renamed = editYaml(text, renameClaim(engine(text), 0, "models"));
    expect(mounted(engine(renamed))).toEqual([["models", "scratch", "models"], ["models"], ["models"]]);
    const without = editYaml(renamed, removeClaim(engine(renamed), 0));
    expect(mounted(engine(without))).toEqual([["scratch"], [], []]);
    expect(without).not.toContain("volumeClaimTemplates");
  });

  test("what mounts a claim follows its name, and goes with it", () => {
    const renamed = inOrder(
      addClaim,
      (decode) => mountClaim(decode, "data", "/models"),
      (decode) => renameClaim(decode, 0, "models"),
    );
    expect(readDesign(renamed).problems).toEqual([]);
    expect(readDesign(renamed).roles[2]).toMatchObject({
      claims: [{ name: "models", size: "100Gi" }],
      containers: [{ mounts: [{ volume: "models", path: "/models" }] }],
    });
    const decode = readDesign(renamed).roles[2];
    const gone = editYaml(renamed, decode === undefined ? [] : removeClaim(decode, 0));
    expect(readDesign(gone).roles[2]).toMatchObject({ claims: [], containers: [{ mounts: [] }] });
  });
});

test("the Service of a set takes a port that its role has", () => {
  expect(apply(setEntry(design, "prefill")).design.entry).toEqual({ role: "prefill", port: "http" });
  expect(apply(setEntry(design, "")).design.entry).toBeNull();
});
