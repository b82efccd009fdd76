import { expect, it } from "vitest";
import { crumbsOf } from "./breadcrumbs.ts";

it.each([
  ["/", ["Overview"]],
  ["/sets", ["Sets"]],
  ["/sets/new", ["Sets", "New set"]],
  ["/sets/default/demo-group", ["Sets", "default", "demo-group"]],
  ["/sets/default/demo-group/edit", ["Sets", "default", "demo-group", "Edit"]],
  ["/clusters/sandbox-racks", ["Clusters", "sandbox-racks"]],
  ["/clusters/%E0%A4%A", ["Clusters", "%E0%A4%A"]],
])("%s is at %j", (path, labels) => {
  expect(crumbsOf(path).map((crumb) => crumb.label)).toEqual(labels);
});
