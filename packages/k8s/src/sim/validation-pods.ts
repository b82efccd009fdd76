import type { FieldError } from "./status.ts";
import { isObject, type MutableObject, objectsOf, textOf } from "./store-json.ts";
import { quantityValue } from "./store-quantity.ts";
import { invalidValue, required, validateLabelName } from "./validation-names.ts";

const PORT_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];

function unsupported(field: string, value: unknown, allowed: readonly string[]): FieldError {
  return {
    kind: "unsupported",
    field,
    value,
    detail: `supported values: ${allowed.map((one) => JSON.stringify(one)).join(", ")}`,
  };
}

export function validatePodSpec(at: string, spec: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  const volumes = new Set<string>();
  for (const [index, volume] of objectsOf(spec["volumes"]).entries()) {
    const name = textOf(volume["name"]);
    const field = `${at}.volumes[${index}].name`;
    if (name === "") errors.push(required(field));
    else errors.push(...validateLabelName(field, name));
    if (volumes.has(name)) errors.push({ kind: "duplicate", field, value: name, detail: "" });
    volumes.add(name);
    const sources = Object.keys(volume).filter((key) => key !== "name");
    for (const extra of sources.slice(1)) {
      errors.push({
        kind: "forbidden",
        field: `${at}.volumes[${index}].${extra}`,
        detail: "may not specify more than 1 volume type",
      });
    }
  }
  const containers = objectsOf(spec["containers"]);
  if (containers.length === 0) errors.push(required(`${at}.containers`));
  const names = new Set<string>();
  for (const [list, items] of [
    ["containers", containers],
    ["initContainers", objectsOf(spec["initContainers"])],
  ] as const) {
    for (const [index, container] of items.entries()) {
      errors.push(...validateContainer(`${at}.${list}[${index}]`, container, names, volumes));
    }
  }
  const policy = spec["restartPolicy"];
  if (!["Always", "OnFailure", "Never"].includes(textOf(policy))) {
    errors.push(unsupported(`${at}.restartPolicy`, policy, ["Always", "OnFailure", "Never"]));
  }
  return errors;
}

function validateContainer(
  at: string,
  container: MutableObject,
  names: Set<string>,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const errors: FieldError[] = [];
  const name = textOf(container["name"]);
  if (name === "") errors.push(required(`${at}.name`));
  else errors.push(...validateLabelName(`${at}.name`, name));
  if (name !== "" && names.has(name)) errors.push({ kind: "duplicate", field: `${at}.name`, value: name, detail: "" });
  names.add(name);
  const image = container["image"];
  if (typeof image !== "string" || image === "") errors.push(required(`${at}.image`));
  else if (image !== image.trim())
    errors.push(invalidValue(`${at}.image`, image, "must not have leading or trailing whitespace"));
  const pull = container["imagePullPolicy"];
  if (pull !== undefined && !PULL_POLICIES.includes(textOf(pull)))
    errors.push(unsupported(`${at}.imagePullPolicy`, pull, PULL_POLICIES));
  errors.push(...validatePorts(`${at}.ports`, objectsOf(container["ports"])));
  for (const [index, variable] of objectsOf(container["env"]).entries()) {
    errors.push(...validateVariable(`${at}.env[${index}]`, variable));
  }
  const paths = new Set<string>();
  for (const [index, mount] of objectsOf(container["volumeMounts"]).entries()) {
    const field = `${at}.volumeMounts[${index}]`;
    const volume = textOf(mount["name"]);
    if (volume === "") errors.push(required(`${field}.name`));
    else if (!volumes.has(volume) && !isClaimMount(volumes))
      errors.push({ kind: "not-found", field: `${field}.name`, value: volume, detail: "" });
    const path = textOf(mount["mountPath"]);
    if (path === "") errors.push(required(`${field}.mountPath`));
    if (paths.has(path)) errors.push(invalidValue(`${field}.mountPath`, path, "must be unique"));
    paths.add(path);
  }
  errors.push(...validateResources(`${at}.resources`, container["resources"]));
  return errors;
}

/** A StatefulSet's claim templates become volumes of its pods; `ANY_VOLUME` stands for them in the template. */
export const ANY_VOLUME = "*";

function isClaimMount(volumes: ReadonlySet<string>): boolean {
  return volumes.has(ANY_VOLUME);
}

function validatePorts(at: string, ports: readonly MutableObject[]): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const field = `${at}[${index}]`;
    const name = port["name"];
    if (typeof name === "string" && name !== "") {
      if (name.length > 15) errors.push(invalidValue(`${field}.name`, name, "must be no more than 15 characters"));
      if (!PORT_NAME.test(name)) {
        errors.push(
          invalidValue(`${field}.name`, name, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
        );
      }
      if (!/[a-z]/.test(name)) {
        errors.push(invalidValue(`${field}.name`, name, "must contain at least one letter (a-z)"));
      }
      if (names.has(name)) errors.push({ kind: "duplicate", field: `${field}.name`, value: name, detail: "" });
      names.add(name);
    }
    const number = Number(port["containerPort"] ?? 0);
    if (number === 0) errors.push(required(`${field}.containerPort`));
    else errors.push(...validatePortNumber(`${field}.containerPort`, number));
    const host = Number(port["hostPort"] ?? 0);
    if (host !== 0) errors.push(...validatePortNumber(`${field}.hostPort`, host));
    const protocol = port["protocol"];
    if (!PROTOCOLS.includes(textOf(protocol))) errors.push(unsupported(`${field}.protocol`, protocol, PROTOCOLS));
  }
  return errors;
}

export function validatePortNumber(field: string, value: number): FieldError[] {
  return value >= 1 && value <= 65_535 ? [] : [invalidValue(field, value, "must be between 1 and 65535, inclusive")];
}

function validateVariable(at: string, variable: MutableObject): FieldError[] {
  const name = textOf(variable["name"]);
  if (name === "") return [required(`${at}.name`)];
  const errors: FieldError[] = [];
  // Since relaxed environment variable names: any printable ASCII but "=".
  if (!/^[\x20-\x3c\x3e-\x7e]+$/.test(name)) {
    errors.push(
      invalidValue(
        `${at}.name`,
        name,
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      ),
    );
  }
  const source = variable["valueFrom"];
  if (isObject(source) && typeof variable["value"] === "string" && variable["value"] !== "") {
    errors.push(invalidValue(`${at}.valueFrom`, "", "may not be specified when `value` is not empty"));
  }
  return errors;
}

function validateResources(at: string, resources: unknown): FieldError[] {
  if (!isObject(resources)) return [];
  const limits = isObject(resources["limits"]) ? resources["limits"] : {};
  const requests = isObject(resources["requests"]) ? resources["requests"] : {};
  const errors: FieldError[] = [];
  for (const [name, quantity] of Object.entries(requests)) {
    const limit = limits[name];
    if (textOf(quantity).startsWith("-"))
      errors.push(invalidValue(`${at}.requests[${name}]`, quantity, "must be greater than or equal to 0"));
    const isExtended = name.includes("/");
    if (limit === undefined) {
      if (isExtended) errors.push(required(`${at}.limits`, "Limit must be set for non overcommitable resources"));
      continue;
    }
    if (isExtended && limit !== quantity) {
      errors.push(invalidValue(`${at}.requests`, quantity, `must be equal to ${name} limit of ${textOf(limit)}`));
    } else if (quantityValue(quantity) > quantityValue(limit)) {
      errors.push(
        invalidValue(`${at}.requests`, quantity, `must be less than or equal to ${name} limit of ${textOf(limit)}`),
      );
    }
  }
  return errors;
}
