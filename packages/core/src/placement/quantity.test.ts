import { expect, test } from "vitest";
import { podHostPorts, podRequests } from "./demand.ts";
import { parseQuantity, parseResource } from "./quantity.ts";

test.each([
  ["1", 1],
  ["0.5", 1],
  ["1Ki", 1024],
  ["1.5Gi", 1_610_612_736],
  ["2M", 2_000_000],
  ["1e3", 1000],
  ["1E3", 1000],
  ["2E", 2e18],
  ["12e-1", 2],
  [8, 8],
  ["-2", -2],
  [".5Gi", 536_870_912],
])("the quantity %s is %d", (text, amount) => {
  expect(parseQuantity(text)).toBe(amount);
});

test.each(["", "one", "1Zi", "1 Gi", "1e", "1mi", "--1"])("%j is not a quantity", (text) => {
  expect(parseQuantity(text)).toBeNull();
});

test.each([
  ["100m", 100],
  ["1.1", 1100],
  ["0.0001", 1],
  ["2", 2000],
])("%s cpu are %d millicores", (text, amount) => {
  expect(parseResource("cpu", text)).toBe(amount);
});

test("a pod asks for the sum of its containers and sidecars", () => {
  const spec = {
    containers: [
      { resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { "nvidia.com/gpu": 8 } } },
      { resources: { requests: { cpu: "500m" } } },
    ],
    initContainers: [{ restartPolicy: "Always", resources: { requests: { cpu: "100m" } } }],
  };
  expect(podRequests(spec)).toEqual({ cpu: 1600, memory: 1_073_741_824, "nvidia.com/gpu": 8, pods: 1 });
});

test("an init container counts when it asks for more than all that run later", () => {
  const spec = {
    containers: [{ resources: { requests: { cpu: "1" } } }],
    initContainers: [
      { restartPolicy: "Always", resources: { requests: { cpu: "1" } } },
      { resources: { requests: { cpu: "3", memory: "1" } } },
    ],
  };
  expect(podRequests(spec)).toEqual({ cpu: 4000, memory: 1, pods: 1 });
});

test("overhead is added and a request wins over a limit", () => {
  const spec = {
    overhead: { cpu: "250m" },
    containers: [{ resources: { requests: { cpu: "1" }, limits: { cpu: "4", memory: "2" } } }],
  };
  expect(podRequests(spec)).toEqual({ cpu: 1250, memory: 2, pods: 1 });
});

test("something that is no pod spec asks for one pod's room", () => {
  expect(podRequests(null)).toEqual({ pods: 1 });
});

test("host ports are those asked for, and every container port with hostNetwork", () => {
  const containers = [{ ports: [{ containerPort: 8000, hostPort: 80 }, { containerPort: 9000 }] }];
  expect(podHostPorts({ containers })).toEqual([80]);
  expect(podHostPorts({ containers, hostNetwork: true })).toEqual([80, 9000]);
});
