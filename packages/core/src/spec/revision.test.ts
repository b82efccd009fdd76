import { expect, test } from "vitest";
import { parseSetYaml, type SetSpec } from "./index.ts";
import { describeRevisionChange, revisionContent, revisionHash, revisionRoleHash } from "./revision.ts";

const engine = (extra = ""): string => `{ spec: { containers: [{ name: engine, image: "a:1"${extra} }] } }`;

function spec(options: { prefill?: string; decode?: string; rest?: string; swap?: boolean } = {}): SetSpec {
  const roles = [
    `      - { role: prefill, replicas: 2, template: ${options.prefill ?? engine()} }`,
    `      - { role: decode, dependencies: [prefill], template: ${options.decode ?? engine()} }`,
  ];
  if (options.swap === true) roles.reverse();
  const parsed = parseSetYaml(`
apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata: { name: demo }
spec:
  groupTemplate:
    roles:
${roles.join("\n")}
${options.rest ?? ""}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.spec;
}

const hash = (options?: Parameters<typeof spec>[0]): string => revisionHash(revisionContent(spec(options)));

test("replica counts, dependencies, readiness, placement and policy are not part of a revision", () => {
  const before = spec();
  const after: SetSpec = {
    ...before,
    replicas: 7,
    startupPolicy: "Parallel",
    placement: { ...before.placement, strategy: "Spread" },
    rollout: { ...before.rollout, paused: true },
    recovery: { ...before.recovery, maxRecoveries: 3 },
    groupTemplate: {
      ...before.groupTemplate,
      roles: before.groupTemplate.roles.map((role) => ({
        ...role,
        replicas: 5,
        dependencies: [],
        minReadySeconds: 30,
        onPodFailure: "Ignore" as const,
      })),
    },
  };
  expect(revisionHash(revisionContent(after))).toBe(revisionHash(revisionContent(before)));
});

test("neither the order of roles and keys nor empty members make a revision", () => {
  expect(hash({ swap: true })).toBe(hash());
  expect(hash({ decode: '{ spec: { containers: [{ image: "a:1", name: engine }] } }' })).toBe(hash());
  expect(hash({ decode: engine(", env: [], resources: {}, command: null") })).toBe(hash());
});

test.each([
  ["image", '{ spec: { containers: [{ name: engine, image: "a:2" }] } }'],
  ["probe", engine(", readinessProbe: { tcpSocket: { port: 80 } }")],
  ["securityContext", engine(", securityContext: { runAsNonRoot: true }")],
  [
    "an empty projected volume",
    '{ spec: { containers: [{ name: engine, image: "a:1" }], volumes: [{ name: v, projected: {} }] } }',
  ],
  ["an empty selector", '{ spec: { containers: [{ name: engine, image: "a:1" }], x: { labelSelector: {} } } }'],
])("a change of %s alone makes a revision", (_, decode) => {
  expect(hash({ decode })).not.toBe(hash());
});

test("keeps hashes that clusters already carry", () => {
  expect(hash()).toMatch(/^[0-9a-f]{10}$/);
  expect(hash()).toBe("b2f5bb2d0d");
});

test("a role's own hash does not depend on its neighbours", () => {
  const before = revisionContent(spec());
  const after = revisionContent(spec({ decode: engine(", env: [{ name: A }]") }));
  expect(revisionRoleHash(after, "prefill")).toBe(revisionRoleHash(before, "prefill"));
  expect(revisionRoleHash(after, "decode")).not.toBe(revisionRoleHash(before, "decode"));
  expect(revisionRoleHash(after, "router")).toBeUndefined();
});

test("says in words what a change is", () => {
  const before = revisionContent(spec());
  const describe = (options: Parameters<typeof spec>[0]): string =>
    describeRevisionChange(before, revisionContent(spec(options)));
  expect(describe({})).toBe("nothing");
  expect(
    describe({
      decode: '{ spec: { containers: [{ name: engine, image: "a:2" }] } }',
      prefill: engine(', env: [{ name: A, value: "1" }], args: [x]'),
    }),
  ).toBe("image of decode; env and args of prefill");
  expect(describe({ decode: '{ spec: { containers: [{ name: other, image: "a:1" }] } }' })).toBe(
    "container other (added) and container engine (removed) of decode",
  );
  const onlyPrefill = { ...before, roles: before.roles.filter(({ role }) => role === "prefill") };
  expect(describeRevisionChange(before, onlyPrefill)).toBe("role decode removed");
  expect(describeRevisionChange(onlyPrefill, before)).toBe("role decode added");
});
