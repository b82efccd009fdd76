import { expect, it } from "vitest";
import { readSetLocation } from "./set-location.ts";

it.each([
  ["", { tab: "topology", view: "group", selection: { group: null, pod: null } }],
  ["tab=timeline&group=1", { tab: "timeline", view: "group", selection: { group: 1, pod: null } }],
  [
    "view=list&pod=demo-1-decode-0",
    { tab: "topology", view: "list", selection: { group: null, pod: "demo-1-decode-0" } },
  ],
  ["tab=nonsense&view=x&group=-1", { tab: "topology", view: "group", selection: { group: null, pod: null } }],
] as const)("an address with ?%s", (query, location) => {
  expect(readSetLocation(new URLSearchParams(query))).toEqual(location);
});
