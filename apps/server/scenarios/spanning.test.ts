import type { ClusterRow, PreviewView } from "@openpatio/core/view";
import { expect, test } from "vitest";
import { describeOnPairs, SpanningSet } from "./pair.ts";
import { PAIR } from "./set-under-test.ts";

describeOnPairs("a set on several clusters", (pair) => {
  const label = (name: string, labels: Readonly<Record<string, string>>) =>
    pair().server.call<ClusterRow>("clusters.update", { name, labels });

  test("Spread puts its groups on both, each group on one; Pack fills one; each has its own entry", async () => {
    const { a, b } = pair();
    const spread = new SpanningSet(pair(), "spread");
    const sketch = { replicas: 4, roles: PAIR, entry: { role: "decode", port: "http" } };
    await spread.apply({ ...sketch, placement: { strategy: "Spread" } });
    await spread.ready();
    const places = await spread.places();
    for (const side of [a, b]) expect(places.filter((place) => place === side.name)).toHaveLength(2);
    for (const side of [a, b]) {
      expect(await spread.pods(side)).toHaveLength(4);
      expect(await side.kube.get("services", "spread")).not.toBeNull();
    }
    const packed = new SpanningSet(pair(), "packed");
    await packed.apply({ ...sketch, replicas: 3 });
    await packed.ready();
    expect(new Set(await packed.places()).size).toBe(1);
    expect((await spread.get()).detail.clusters).toEqual([a.name, b.name]);
    await spread.end();
    await packed.end();
  });

  test("a cluster without a Secret is passed over, with the reason in the preview; one that no cluster has is refused", async () => {
    const { a, b, server, namespace } = pair();
    const set = new SpanningSet(pair(), "secretive");
    const sketch = {
      replicas: 2,
      roles: [{ role: "engine", container: { envFrom: [{ secretRef: { name: "keys" } }] } }],
      placement: { strategy: "Spread" },
    };
    await expect(set.apply(sketch)).rejects.toThrow("Secret keys does not exist");
    await b.kube.create("secrets", { apiVersion: "v1", kind: "Secret", metadata: { name: "keys", namespace } });
    const preview = await server.call<PreviewView>("sets.preview", { yaml: set.yaml(sketch) });
    expect(preview.canApply).toBe(true);
    expect(preview.checks.filter(({ level }) => level === "warning").map(({ message }) => message)).toEqual([
      expect.stringContaining(`Secret keys does not exist in namespace ${namespace} of cluster ${a.name}`),
    ]);
    await set.apply(sketch);
    await set.ready();
    expect(await set.places()).toEqual([b.name, b.name]);
    await set.end();
  });

  test("clusters are chosen by labels, and a group stays where it is until its next incarnation", async () => {
    const { a, b } = pair();
    const set = new SpanningSet(pair(), "chosen");
    const sketch = {
      replicas: 1,
      roles: PAIR,
      placement: { clusters: { selector: { matchLabels: { region: "eu" } } } },
    };
    await expect(set.apply(sketch)).rejects.toThrow("No registered cluster has the labels region=eu");
    expect(await label(b.name, { region: "eu" })).toMatchObject({ labels: { region: "eu" } });
    await set.apply(sketch);
    await set.ready();
    expect(await set.places()).toEqual([b.name]);
    await label(b.name, {});
    await label(a.name, { region: "eu" });
    const [group] = (await set.ready()).groups;
    expect(group).toMatchObject({ cluster: b.name, incarnation: 1 });
    expect(group?.placementNotes).toContain(
      "The placement of the set was edited since: it applies from the next incarnation, or move the group now.",
    );
    await set.call("rollouts.restart");
    await set.until("its next incarnation", ({ groups }) => groups[0]?.incarnation === 2);
    await set.ready();
    expect(await set.places()).toEqual([a.name]);
    expect((await set.timeline("group.placed")).at(-1)?.cause).toContain(
      `${b.name} is not among the clusters of this set`,
    );
    await set.goneFrom(b, 0);
    await set.end();
    await label(a.name, {});
  });
});
