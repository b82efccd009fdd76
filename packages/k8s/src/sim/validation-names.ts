/** Names, labels and the words in which the API server refuses them. */
import type { FieldError } from "./status.ts";
import { isObject, textOf } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { kind: "invalid", field, value, detail };
}

export function required(field: string, detail = ""): FieldError {
  return { kind: "required", field, detail };
}

function tooLong(max: number): string {
  return `must be no more than ${max} characters`;
}

function validateSubdomain(field: string, value: string): FieldError[] {
  const errors: FieldError[] = [];
  if (value.length > 253) errors.push(invalidValue(field, value, tooLong(253)));
  if (!SUBDOMAIN.test(value)) errors.push(invalidValue(field, value, SUBDOMAIN_RULE));
  return errors;
}

export function validateLabelName(field: string, value: string): FieldError[] {
  const errors: FieldError[] = [];
  if (value.length > 63) errors.push(invalidValue(field, value, tooLong(63)));
  if (!LABEL.test(value)) errors.push(invalidValue(field, value, LABEL_RULE));
  return errors;
}

/** Kinds whose names become parts of host names. */
const LABEL_NAMED = new Set(["namespaces", "services", "statefulsets.apps"]);

export function validateName(definition: ResourceDefinition, field: string, name: string): FieldError[] {
  return LABEL_NAMED.has(definition.id) ? validateLabelName(field, name) : validateSubdomain(field, name);
}

export function validateQualifiedName(field: string, key: string): FieldError[] {
  const slash = key.indexOf("/");
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  const errors: FieldError[] = [];
  if (prefix !== undefined && !SUBDOMAIN.test(prefix)) {
    errors.push(
      invalidValue(field, key, prefix === "" ? "prefix part must be non-empty" : `prefix part ${SUBDOMAIN_RULE}`),
    );
  }
  if (name === "") errors.push(invalidValue(field, key, "name part must be non-empty"));
  else if (name.length > 63) errors.push(invalidValue(field, key, `name part ${tooLong(63)}`));
  if (!QUALIFIED.test(name)) errors.push(invalidValue(field, key, QUALIFIED_RULE));
  return errors;
}

export function validateLabels(field: string, labels: unknown): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(isObject(labels) ? labels : {})) {
    errors.push(...validateQualifiedName(field, key));
    const text = textOf(value);
    if (text.length > 63) errors.push(invalidValue(field, text, tooLong(63)));
    if (!LABEL_VALUE.test(text)) errors.push(invalidValue(field, text, LABEL_VALUE_RULE));
  }
  return errors;
}
