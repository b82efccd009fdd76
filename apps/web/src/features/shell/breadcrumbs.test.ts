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

it("leads from the edit page of a cluster's set back to that one, not to the console's of its name", () => {
  const crumbs = crumbsOf("/sets/default/demo/edit", "west");
  expect(crumbs.find(({ label }) => label === "demo")?.href).toBe("/sets/default/demo?home=west");
});
