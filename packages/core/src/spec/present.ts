import { isRecord } from "./shape.ts";

/** Without members that are undefined, and without empty metadata. */
export function present(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([key, value]) =>
        value !== undefined && !(key === "metadata" && isRecord(value) && Object.keys(value).length === 0),
    ),
  );
}
