/**
 * Request bodies in Kubernetes protobuf, which kubectl's `create` and `drain` and typed Go clients send. The answer is
 * JSON all the same, which those clients accept.
 */
import { BUILTIN_TYPES } from "./openapi-schema.ts";
import protobufTypes from "./protobuf-types.json" with { type: "json" };
import { badRequest, notImplemented } from "./status.ts";
import { isObject, type MutableObject } from "./store-json.ts";

export const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

const MAGIC = Buffer.from("k8s\0");
const NO_BYTES: Buffer = Buffer.alloc(0);
const TYPES = protobufTypes as Readonly<Record<string, string>>;
const META = "k8s.io.apimachinery.pkg.apis.meta.v1.";

type Field = { readonly name: string; readonly type: string; readonly shape: "one" | "many" | "map" };

/** Empty values of these mean something: their Go fields are pointers, which are only sent when they are set. */
const POINTERS = new Set([
  "automountServiceAccountToken",
  "gracePeriodSeconds",
  "immutable",
  "optional",
  "orphanDependents",
  "replicas",
  "terminationGracePeriodSeconds",
]);

const layouts = new Map<string, ReadonlyMap<number, Field>>();

function layoutOf(message: string): ReadonlyMap<number, Field> | undefined {
  const known = layouts.get(message);
  const text = TYPES[message];
  if (known !== undefined || text === undefined) return known;
  const layout = new Map<number, Field>();
  for (const part of text.split(" ")) {
    const [number = "", name = "", type = ""] = part.split(":");
    const shape = type.startsWith("*") ? "many" : type.startsWith("%") ? "map" : "one";
    layout.set(Number(number), { name, type: type.replace(/^[*%]/, ""), shape });
  }
  layouts.set(message, layout);
  return layout;
}

/** Errors: 400 for a body that is not Kubernetes protobuf, 501 for a kind whose wire format is not known. */
export function decodeProtobuf(body: Buffer): MutableObject {
  if (!body.subarray(0, 4).equals(MAGIC)) throw badRequest("provided data does not appear to be a protobuf message");
  let apiVersion = "";
  let kind = "";
  let raw: Buffer = NO_BYTES;
  for (const { number, bytes } of wireFields(body.subarray(4))) {
    if (number === 2) raw = bytes;
    if (number !== 1) continue;
    for (const part of wireFields(bytes)) {
      if (part.number === 1) apiVersion = part.bytes.toString("utf8");
      if (part.number === 2) kind = part.bytes.toString("utf8");
    }
  }
  const message = messageOf(apiVersion, kind);
  if (layoutOf(message) === undefined) throw notImplemented(`${apiVersion} ${kind} in protobuf; JSON works`);
  return { apiVersion, kind, ...(decodeMessage(raw, message) as MutableObject) };
}

function messageOf(apiVersion: string, kind: string): string {
  if (kind === "DeleteOptions") return `${META}DeleteOptions`;
  const [group = "", version] = apiVersion.includes("/") ? apiVersion.split("/") : ["core", apiVersion];
  return `k8s.io.api.${group.split(".")[0]}.${version}.${kind}`;
}

type Wire = { readonly number: number; readonly value: bigint; readonly bytes: Buffer };

function* wireFields(buffer: Buffer): Generator<Wire> {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[at];
      if (byte === undefined || shift > 63n) throw badRequest("unexpected end of the protobuf message");
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number) => {
    if (at + length > buffer.length) throw badRequest("unexpected end of the protobuf message");
    at += length;
    return buffer.subarray(at - length, at);
  };
  while (at < buffer.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    switch (tag & 7) {
      case 0:
        yield { number, value: varint(), bytes: NO_BYTES };
        break;
      case 1:
        yield { number, value: 0n, bytes: take(8) };
        break;
      case 2:
        yield { number, value: 0n, bytes: take(Number(varint())) };
        break;
      default:
        throw badRequest("unknown wire type in the protobuf message");
    }
  }
}

/** The JSON form of a message; undefined for one that Go would leave out. */
function decodeMessage(buffer: Buffer, message: string): unknown {
  const special = decodeSpecial(buffer, message);
  if (special.isSpecial) return special.value;
  const layout = layoutOf(message) ?? new Map<number, Field>();
  const known = BUILTIN_TYPES[message.replace("k8s.io.", "io.k8s.")]?.properties;
  const out: MutableObject = {};
  for (const wire of wireFields(buffer)) {
    const field = layout.get(wire.number);
    if (field === undefined) continue;
    if (field.shape === "map") {
      const { key, value } = mapEntry(wire.bytes, field.type);
      out[field.name] = { ...(isObject(out[field.name]) ? (out[field.name] as MutableObject) : {}), [key]: value };
      continue;
    }
    const value = decodeValue(wire, field.type);
    if (field.shape === "many") {
      out[field.name] = [...(Array.isArray(out[field.name]) ? (out[field.name] as unknown[]) : []), value];
    } else if (known !== undefined && !Object.hasOwn(known, field.name) && isObject(value)) {
      // Go embeds this struct, so its fields stand in the JSON of the outer one.
      Object.assign(out, value);
    } else if (!isEmpty(value) || POINTERS.has(field.name)) {
      out[field.name] = value;
    }
  }
  return out;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === "" || value === 0 || value === false;
}

function decodeValue({ value, bytes }: Wire, type: string): unknown {
  switch (type) {
    case "string":
      return bytes.toString("utf8");
    case "bytes":
      return bytes.toString("base64");
    case "bool":
      return value !== 0n;
    case "int32":
    case "int64":
      return Number(BigInt.asIntN(64, value));
    case "double":
      return bytes.readDoubleLE();
    default:
      return decodeMessage(bytes, type);
  }
}

function mapEntry(bytes: Buffer, type: string): { readonly key: string; readonly value: unknown } {
  let key = "";
  let value: unknown = type === "string" || type === "bytes" ? "" : {};
  for (const wire of wireFields(bytes)) {
    if (wire.number === 1) key = wire.bytes.toString("utf8");
    if (wire.number === 2) value = decodeValue(wire, type);
  }
  return { key, value };
}

/** Types whose JSON form is not the object of their fields. */
function decodeSpecial(buffer: Buffer, message: string): { readonly isSpecial: boolean; readonly value?: unknown } {
  const fields = () => new Map([...wireFields(buffer)].map((wire) => [wire.number, wire]));
  switch (message.split(".").at(-1)) {
    case "Time":
    case "MicroTime": {
      const seconds = fields().get(1)?.value;
      if (seconds === undefined) return { isSpecial: true };
      const nanos = Number(fields().get(2)?.value ?? 0n);
      const text = new Date(Number(BigInt.asIntN(64, seconds)) * 1000 + nanos / 1e6).toISOString();
      return {
        isSpecial: true,
        value: message.endsWith("MicroTime") ? text.replace("Z", "000Z") : `${text.slice(0, 19)}Z`,
      };
    }
    case "Quantity":
      return { isSpecial: true, value: fields().get(1)?.bytes.toString("utf8") };
    case "IntOrString": {
      const isString = fields().get(1)?.value === 1n;
      const number = Number(BigInt.asIntN(32, fields().get(2)?.value ?? 0n));
      return { isSpecial: true, value: isString ? (fields().get(3)?.bytes.toString("utf8") ?? "") : number };
    }
    case "RawExtension":
    case "FieldsV1": {
      const raw = fields().get(1)?.bytes;
      return { isSpecial: true, value: raw === undefined ? undefined : (JSON.parse(raw.toString("utf8")) as unknown) };
    }
    case undefined:
    default:
      return { isSpecial: false };
  }
}
