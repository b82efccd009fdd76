import { describe, expect, test } from "vitest";
import type { KubeObject } from "../model/index.ts";
import { type Claim, judge, nextNonces } from "./judge.ts";
import { leaseObject, type OwnerLease, readLease, termOf, WHOLE_CLUSTER } from "./lease.ts";

const US = "11111111-1111-4111-8111-111111111111";
const THEM = "22222222-2222-4222-8222-222222222222";

function lease(holder: string, nonce: string, over: Partial<OwnerLease> = {}): OwnerLease {
  return {
    namespace: WHOLE_CLUSTER,
    uid: "uid",
    version: "7",
    holder,
    holderName: `host (${holder.slice(0, 8)})`,
    nonce,
    transitions: 0,
    renewTime: null,
    acquireTime: null,
    ...over,
  };
}

const claim = (over: Partial<Claim> = {}): Claim => ({
  controlPlane: US,
  places: [WHOLE_CLUSTER],
  nonces: { [WHOLE_CLUSTER]: { held: "n1", next: "n2" } },
  takes: [],
  ...over,
});

describe("whose a cluster is", () => {
  test("without a Lease it is whoever's comes first", () => {
    expect(judge(claim({ nonces: {} }), [])).toEqual({
      kind: "ours",
      renew: [],
      create: [WHOLE_CLUSTER],
      take: [],
      displace: [],
    });
  });

  test.each(["n1", "n2"])("a crash before or after the Lease was written leaves it ours (%s)", (nonce) => {
    expect(judge(claim(), [lease(US, nonce)])).toMatchObject({ kind: "ours", renew: [{ nonce }], create: [] });
  });

  test("another's is not ours, however long it has been silent", () => {
    expect(judge(claim(), [lease(THEM, "x", { renewTime: "2001-01-01T00:00:00.000000Z" })])).toMatchObject({
      kind: "foreign",
      owner: { holder: THEM },
      isCopy: false,
    });
  });

  test("a renewal that our database has not seen says that one of the two is a copy", () => {
    expect(judge(claim(), [lease(US, "n3")])).toMatchObject({ kind: "foreign", isCopy: true });
  });

  test("a take-over is of the term that was seen, and of none after it", () => {
    const seen = lease(THEM, "x", { transitions: 3 });
    const taking = claim({ takes: [termOf(seen)] });
    expect(judge(taking, [{ ...seen, nonce: "renewed since" }])).toMatchObject({
      kind: "ours",
      take: [{ transitions: 3 }],
    });
    expect(judge(taking, [{ ...seen, transitions: 5 }])).toMatchObject({ kind: "foreign" });
    expect(judge(taking, [{ ...seen, uid: "made anew" }])).toMatchObject({ kind: "foreign" });
  });
});

describe("control planes that are limited to namespaces", () => {
  const a = claim({ places: ["team-a"], nonces: {} });

  test("do not see each other", () => {
    expect(judge(a, [lease(THEM, "x", { namespace: "team-b" })])).toMatchObject({ kind: "ours", create: ["team-a"] });
  });

  test("hold all of their namespaces, or nothing", () => {
    const both = claim({ places: ["team-a", "team-b"], nonces: {} });
    expect(judge(both, [lease(THEM, "x", { namespace: "team-b" })])).toMatchObject({ kind: "foreign" });
  });

  test("give way to one that has the whole cluster, and it to them", () => {
    expect(judge(a, [lease(THEM, "x")])).toMatchObject({ kind: "foreign", owner: { namespace: WHOLE_CLUSTER } });
    expect(judge(claim({ nonces: {} }), [lease(THEM, "x", { namespace: "team-b" })])).toMatchObject({
      kind: "foreign",
      owner: { namespace: "team-b" },
    });
  });

  test("are taken over by removing their Leases", () => {
    const theirs = lease(THEM, "x", { namespace: "team-b" });
    expect(judge(claim({ nonces: {}, takes: [termOf(theirs)] }), [theirs])).toEqual({
      kind: "ours",
      renew: [],
      create: [WHOLE_CLUSTER],
      take: [],
      displace: [theirs],
    });
  });

  test("leave nothing where they were before", () => {
    const before = lease(US, "n2");
    const limited = claim({ places: ["team-a"], nonces: { [WHOLE_CLUSTER]: { held: "n1", next: "n2" } } });
    expect(judge(limited, [before])).toMatchObject({ kind: "ours", create: ["team-a"], displace: [before] });
  });
});

test("a nonce that may be on its way is not replaced by another one", () => {
  expect(nextNonces({ held: "n1", next: "n2" }, lease(US, "n1"), "n3")).toEqual({ held: "n1", next: "n2" });
  expect(nextNonces({ held: "n1", next: "n2" }, lease(US, "n2"), "n3")).toEqual({ held: "n2", next: "n3" });
  expect(nextNonces(undefined, null, "n1")).toEqual({ held: null, next: "n1" });
});

test("a Lease says who holds it since when, and counts who held it before", () => {
  const wanted = { namespace: WHOLE_CLUSTER, durationMs: 60_000 };
  const write = (controlPlane: string, at: string, before: OwnerLease | null): OwnerLease => {
    const object = leaseObject({ ...wanted, controlPlane, host: "desk-7", nonce: at, at, before });
    return readLease({ ...object, metadata: { ...object.metadata, uid: "u", resourceVersion: "1" } } as KubeObject);
  };
  const first = write(US, "2026-01-01T00:00:00.000Z", null);
  expect(first).toMatchObject({ holder: US, holderName: "desk-7 (11111111)", transitions: 0 });
  const renewed = write(US, "2026-01-01T00:00:15.000Z", first);
  expect(renewed).toMatchObject({ transitions: 0, acquireTime: "2026-01-01T00:00:00.000000Z" });
  const taken = write(THEM, "2026-01-01T00:00:30.000Z", renewed);
  expect(taken).toMatchObject({ holder: THEM, transitions: 1, acquireTime: "2026-01-01T00:00:30.000000Z" });
});
