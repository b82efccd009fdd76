import { MAX_COUNT, SetManifest, validateManifest } from "@openpatio/core/spec";
import * as fc from "fast-check";

/** Any manifest of a set that the schema accepts, the rules between fields included. */
export function acceptedManifests(): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  return MANIFEST.filter(
    (manifest) => SetManifest.safeParse(manifest).success && validateManifest(manifest).length === 0,
  );
}

type Fields = Readonly<Record<string, fc.Arbitrary<unknown>>>;

const optional = (fields: Fields): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Record<string, unknown>>;

const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/);
const count = fc.oneof(fc.constantFrom(0, 1, 2, 3, MAX_COUNT), fc.nat({ max: 100 }));
const percent = fc.oneof(
  fc.constantFrom("0%", "100%", "7%"),
  fc.nat({ max: 100 }).map((n) => `${n}%`),
);
const countOrPercent = fc.oneof(fc.nat({ max: 10 }), percent);
const text = fc.string({ unit: "grapheme", maxLength: 63 }).filter((value) => value.length <= 63);
const map = (key: string) =>
  fc.dictionary(
    fc.stringMatching(/^[a-z]{1,5}$/).map((k) => `${key}/${k}`),
    text,
    { maxKeys: 3 },
  );
const seconds = fc.oneof(fc.nat({ max: 5000 }), fc.double({ min: 0, max: 1e6, noNaN: true }));

/** The API server keeps what is inside a template as it is. */
const anything = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,6}$/).filter((key) => key !== "env" && key !== "ports"),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 3 },
);

const template = fc
  .tuple(
    fc.uniqueArray(label, { minLength: 1, maxLength: 3 }),
    anything,
    anything,
    optional({ labels: map("a.b"), annotations: map("c.d") }),
  )
  .map(([names, inContainer, inSpec, metadata]) => ({
    metadata,
    spec: { ...inSpec, containers: names.map((name) => ({ ...inContainer, name })) },
  }));

const role = (name: string, earlier: readonly string[]): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      template,
      optional({
        replicas: fc.oneof(fc.nat({ max: 40 }), fc.constant(0)),
        dependencies: fc.subarray([...earlier]),
        workload: fc.constantFrom(
          { apiVersion: "apps/v1", kind: "StatefulSet" },
          { apiVersion: "apps/v1", kind: "Deployment" },
          { apiVersion: "leaderworkerset.x-k8s.io/v1", kind: "LeaderWorkerSet" },
        ),
        leaderWorker: fc
          .tuple(fc.integer({ min: 1, max: 16 }), fc.option(template, { nil: undefined }))
          .map(([size, workerTemplate]) => ({ size, ...(workerTemplate === undefined ? {} : { workerTemplate }) })),
        minReadySeconds: count,
        onPodFailure: fc.constantFrom("Recreate", "Ignore"),
        scaling: optional({ external: fc.boolean() }),
      }),
    )
    .map(([podTemplate, rest]) => ({ role: name, template: podTemplate, ...rest }));

const roles = fc
  .uniqueArray(label, { minLength: 1, maxLength: 4 })
  .chain((names) => fc.tuple(...names.map((name, index) => role(name, names.slice(0, index)))));

const MANIFEST: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .tuple(
    fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/),
    roles,
    optional({ metadata: optional({ labels: map("example.com"), annotations: map("example.com") }) }),
    optional({
      replicas: fc.oneof(fc.nat({ max: 12 }), fc.constantFrom(0, 10_000)),
      startupPolicy: fc.constantFrom("Ordered", "Parallel"),
      placement: optional({
        clusters: optional({
          names: fc.array(label, { maxLength: 3 }),
          selector: optional({ matchLabels: map("example.com") }),
        }),
        strategy: fc.constantFrom("Pack", "Spread"),
        topology: optional({
          mode: fc.constantFrom("Required", "Preferred"),
          exclusive: fc.constantFrom("None", "Group", "Set", "All"),
        }).map((topology) => ({ key: "topology.kubernetes.io/rack", ...topology })),
        whenFull: fc.constantFrom("Wait", "CreatePods"),
        failover: optional({ afterSeconds: fc.option(count) }),
      }),
      rollout: optional({
        strategy: fc.constantFrom("GroupRolling", "RoleRolling"),
        maxUnavailable: countOrPercent,
        maxSurge: countOrPercent,
        partition: count,
        paused: fc.boolean(),
        progressDeadlineSeconds: fc.integer({ min: 1, max: MAX_COUNT }),
        onFailure: fc.constantFrom("Pause", "Rollback"),
      }),
      recovery: optional({
        policy: fc.constantFrom("RecreateGroup", "RecreateRole", "None"),
        backoff: optional({ baseSeconds: seconds, maxSeconds: seconds, stableAfterSeconds: seconds }),
        maxRecoveries: fc.option(count),
        forceDeleteAfterSeconds: fc.option(count),
      }),
      deletion: optional({ orphan: fc.boolean() }),
      revisionHistoryLimit: fc.integer({ min: 1, max: 1000 }),
    }),
  )
  .map(([name, list, groupTemplate, spec]) => ({
    apiVersion: "openpatio.io/v1alpha1",
    kind: "RoleBasedGroupSet",
    metadata: { name },
    spec: { ...spec, groupTemplate: { ...groupTemplate, roles: list } },
  }));
