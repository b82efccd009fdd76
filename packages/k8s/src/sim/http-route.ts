/** From a URL to the resource it names. */
import { REVIEW_GROUP, REVIEWS, servedVersion } from "./discovery.ts";
import type { ResourceDefinition } from "./store-resources.ts";

export type ResourceRoute = {
  readonly definition: ResourceDefinition;
  readonly version: string;
  /** Absent for cluster-scoped resources and for lists over all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
};

export type Route =
  | ({ readonly kind: "resource" } & ResourceRoute)
  | { readonly kind: "review"; readonly review: string }
  /** A group version that is served, and a resource in it that is not. */
  | { readonly kind: "unknown-resource" }
  | { readonly kind: "unknown-path" };

const SUBRESOURCE_OF_NAMESPACES = new Set(["status", "finalize"]);

export function parseRoute(definitions: readonly ResourceDefinition[], pathname: string): Route {
  const parts = pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const isCore = parts[0] === "api";
  if (!isCore && parts[0] !== "apis") return { kind: "unknown-path" };
  const group = isCore ? "" : (parts[1] ?? "");
  const version = (isCore ? parts[1] : parts[2]) ?? "";
  const rest = parts.slice(isCore ? 2 : 3);
  if (group === REVIEW_GROUP && version === "v1") {
    const review = REVIEWS.find((one) => one.plural === rest[0]);
    return review === undefined ? { kind: "unknown-resource" } : { kind: "review", review: review.kind };
  }
  const inGroup = definitions.filter((one) => one.group === group && servedVersion(one, version) !== undefined);
  if (inGroup.length === 0) return { kind: "unknown-path" };
  const isInNamespace =
    rest[0] === "namespaces" &&
    rest.length > 2 &&
    !(isCore && rest.length === 3 && SUBRESOURCE_OF_NAMESPACES.has(rest[2] ?? ""));
  const namespace = isInNamespace ? rest[1] : undefined;
  const [plural, name, ...below] = isInNamespace ? rest.slice(2) : rest;
  const definition = inGroup.find((one) => one.plural === plural);
  if (definition === undefined || definition.namespaced !== isInNamespace) {
    const isListOfAll = definition?.namespaced === true && !isInNamespace && name === undefined;
    if (definition === undefined || !isListOfAll) return { kind: "unknown-resource" };
  }
  return {
    kind: "resource",
    definition,
    version,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(below.length === 0 ? {} : { subresource: below.join("/") }),
  };
}
