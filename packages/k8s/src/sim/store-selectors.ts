/** Label and field selectors, as in list and watch requests and in `spec.selector`. */
import { badRequest } from "./status.ts";
import { isObject, type MutableObject, objectsOf, textOf, valueAt } from "./store-json.ts";

type Requirement =
  | { readonly key: string; readonly operator: "in" | "notin"; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: "exists" | "!" }
  | { readonly key: string; readonly operator: "gt" | "lt"; readonly value: number };

export type LabelSelector = (labels: unknown) => boolean;

/** `matchLabels` and `matchExpressions` of a workload or Service. */
export function matchesSelector(selector: MutableObject, labels: MutableObject): boolean {
  const exact = isObject(selector["matchLabels"]) ? selector["matchLabels"] : {};
  if (!Object.entries(exact).every(([key, value]) => labels[key] === value)) return false;
  return objectsOf(selector["matchExpressions"]).every((expression) => {
    const value = labels[textOf(expression["key"])];
    const values = Array.isArray(expression["values"]) ? expression["values"] : [];
    switch (expression["operator"]) {
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return value === undefined || !values.includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      default:
        return false;
    }
  });
}

/** Errors: 400 in the words of the API server's parser. */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = splitOutside(text).map(parseRequirement);
  return (raw) => {
    const labels = isObject(raw) ? raw : {};
    return requirements.every((requirement) => {
      const value = labels[requirement.key];
      switch (requirement.operator) {
        case "in":
          return typeof value === "string" && requirement.values.includes(value);
        case "notin":
          return typeof value !== "string" || !requirement.values.includes(value);
        case "exists":
          return value !== undefined;
        case "!":
          return value === undefined;
        case "gt":
          return Number(value) > requirement.value;
        case "lt":
          return Number(value) < requirement.value;
        default:
          return requirement satisfies never;
      }
    });
  };
}

function splitOutside(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const char of text) {
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (char === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  parts.push(part);
  return parts.map((one) => one.trim()).filter((one) => one !== "");
}

const KEY = "[A-Za-z0-9][-A-Za-z0-9_./]*";
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EQUAL = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`);
const COMPARE = new RegExp(`^(${KEY})\\s*([<>])\\s*(\\d+)$`);
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);

function parseRequirement(text: string): Requirement {
  const set = SET.exec(text);
  if (set !== null) {
    const values = (set[3] ?? "").split(",").map((value) => value.trim());
    return { key: set[1] ?? "", operator: set[2] === "in" ? "in" : "notin", values };
  }
  const equal = EQUAL.exec(text);
  if (equal !== null) {
    return { key: equal[1] ?? "", operator: equal[2] === "!=" ? "notin" : "in", values: [equal[3] ?? ""] };
  }
  const compare = COMPARE.exec(text);
  if (compare !== null)
    return { key: compare[1] ?? "", operator: compare[2] === ">" ? "gt" : "lt", value: Number(compare[3]) };
  const exists = EXISTS.exec(text);
  if (exists !== null) return { key: exists[2] ?? "", operator: exists[1] === "!" ? "!" : "exists" };
  const found = /\s(in|notin)\s+(\S+)/.exec(text);
  if (found !== null) throw badRequest(`unable to parse requirement: found '${found[2]}' expected: '('`);
  throw badRequest(`unable to parse requirement: found '${text}', expected: identifier`);
}

const COMMON_FIELDS = ["metadata.name", "metadata.namespace"];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  events: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  nodes: ["spec.unschedulable"],
  namespaces: ["status.phase"],
  secrets: ["type"],
  services: ["spec.clusterIP", "spec.type"],
  "replicasets.apps": ["status.replicas"],
};

export type FieldSelector = (object: unknown) => boolean;

/** Errors: 400 for a field that the resource cannot be selected by. */
export function parseFieldSelector(resource: string, text: string): FieldSelector {
  const allowed = [...COMMON_FIELDS, ...(FIELDS[resource] ?? [])];
  const requirements = text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const match = /^\s*([^=!]+?)\s*(==|=|!=)(.*)$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
      const [, field = "", operator = "=", value = ""] = match;
      if (!allowed.includes(field)) {
        const known =
          FIELDS[resource] === undefined ? `: only ${COMMON_FIELDS.map((one) => JSON.stringify(one)).join(", ")}` : "";
        const message =
          known === ""
            ? `field label not supported: ${field}`
            : `${JSON.stringify(field)} is not a known field selector${known}`;
        throw badRequest(message);
      }
      return { field, isEqual: operator !== "!=", value };
    });
  return (object) =>
    requirements.every(({ field, isEqual, value }) => (fieldText(resource, object, field) === value) === isEqual);
}

function fieldText(resource: string, object: unknown, field: string): string {
  if (resource === "events" && field === "source") return textOf(valueAt(object, "source.component"));
  const value = valueAt(object, field);
  if (value === undefined || value === null)
    return field === "spec.unschedulable" || field === "spec.hostNetwork" ? "false" : "";
  return textOf(value);
}
