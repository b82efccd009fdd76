import { expect, test } from "vitest";
import { otherObject } from "./import-objects.ts";

const service = (selector: Readonly<Record<string, string>>) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s" },
  spec: { selector },
});

const selectorOf = (selector: Readonly<Record<string, string>>, kind = "RoleBasedGroup", name = "g"): unknown =>
  (otherObject(service(selector), [{ kind, name }]).object as ReturnType<typeof service> | null)?.spec.selector;

test("a selector of another controller's labels becomes ours, in either version", () => {
  const ours = { "openpatio.io/set": "g", "openpatio.io/role": "router" };
  expect(
    selectorOf({ "rbg.workloads.x-k8s.io/group-name": "g", "rbg.workloads.x-k8s.io/role-name": "router" }),
  ).toEqual(ours);
  expect(
    selectorOf({ "rolebasedgroup.workloads.x-k8s.io/name": "g", "rolebasedgroup.workloads.x-k8s.io/role": "router" }),
  ).toEqual(ours);
});

test("a group of a set is told by its index, one that was alone is not", () => {
  const selector = { "rbg.workloads.x-k8s.io/group-name": "llm-2" };
  expect(selectorOf(selector, "RoleBasedGroupSet", "llm")).toEqual({
    "openpatio.io/set": "llm",
    "openpatio.io/group-index": "2",
  });
  expect(selectorOf(selector, "RoleBasedGroup", "llm-2")).toEqual({ "openpatio.io/set": "llm-2" });
  const both = otherObject(service(selector), [
    { kind: "RoleBasedGroupSet", name: "llm" },
    { kind: "RoleBasedGroup", name: "llm-2" },
  ]);
  expect(both.object).toMatchObject({ spec: { selector: { "openpatio.io/set": "llm-2" } } });
});

test("a selector that can't be said here is named and left", () => {
  const { object, reason } = otherObject(service({ "rbg.workloads.x-k8s.io/component-name": "leader" }), []);
  expect(object).toBeNull();
  expect(reason).toContain("rbg.workloads.x-k8s.io/component-name");
});

test("everything else says what to do with it", () => {
  const reason = (apiVersion: string, kind: string): string => otherObject({ apiVersion, kind }, []).reason;
  expect(reason("v1", "Secret")).toBe("Only sets and groups are imported: apply this Secret with kubectl.");
  expect(reason("workloads.x-k8s.io/v1alpha2", "CoordinatedPolicy")).toContain("RoleRolling");
  expect(reason("workloads.x-k8s.io/v1alpha2", "Instance")).toBe("Instance has no equivalent here.");
  expect(otherObject({ apiVersion: "v1" }, []).reason).toContain("no kind");
  const adapter = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    spec: { scaleTargetRef: { apiVersion: "workloads.x-k8s.io/v1alpha2", kind: "RoleBasedGroupScalingAdapter" } },
  };
  expect(otherObject(adapter, []).reason).toContain("scaling.external");
});
