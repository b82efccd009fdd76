import { expect, test } from "vitest";
import { decodeProtobuf } from "./http-protobuf.ts";

function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

function envelope(apiVersion: string, kind: string, raw: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from("k8s\0"),
    field(1, Buffer.concat([field(1, apiVersion), field(2, kind)])),
    field(2, raw),
  ]);
}

test("a ConfigMap reads as its JSON, without Go's empty values", () => {
  const metadata = Buffer.concat([field(1, "a"), field(2, ""), field(8, "")]);
  const data = Buffer.concat([field(1, "key"), field(2, "value")]);
  expect(decodeProtobuf(envelope("v1", "ConfigMap", Buffer.concat([field(1, metadata), field(2, data)])))).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a" },
    data: { key: "value" },
  });
});

test.each([
  ["other bytes", Buffer.from("{}"), "provided data does not appear to be a protobuf message"],
  [
    "half a message",
    envelope("v1", "ConfigMap", Buffer.from([0x0a, 0x50, 0x01])),
    "unexpected end of the protobuf message",
  ],
  [
    "an unknown kind",
    envelope("x.io/v1", "Thing", Buffer.alloc(0)),
    "the sandbox does not implement x.io/v1 Thing in protobuf; JSON works",
  ],
])("%s are refused", (_title, body, message) => {
  expect(() => decodeProtobuf(body)).toThrow(message);
});
