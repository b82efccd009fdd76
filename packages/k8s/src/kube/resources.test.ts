import { expect, test } from "vitest";
import { ApiError } from "./api-error.ts";
import { NODE, POD, resourcePath } from "./resources.ts";

test("a path names one object, or all of a kind", () => {
  expect(resourcePath(POD)).toBe("/api/v1/pods");
  expect(resourcePath(POD, { namespace: "default" })).toBe("/api/v1/namespaces/default/pods");
  expect(resourcePath(POD, { namespace: "default", name: "a/b", subresource: "log" })).toBe(
    "/api/v1/namespaces/default/pods/a%2Fb/log",
  );
  expect(resourcePath(NODE, { name: "gpu-1" })).toBe("/api/v1/nodes/gpu-1");
});

test("no name climbs: deleting the pod '..' would delete its namespace, and '.' or '' every pod in it", () => {
  for (const name of ["..", ".", ""]) {
    expect(() => resourcePath(POD, { namespace: "default", name })).toThrow(ApiError);
    expect(() => resourcePath(POD, { namespace: name, name: "a" })).toThrow(ApiError);
  }
});
