import { isRecord } from "../model/untyped.ts";
import type { Path } from "./path.ts";

export { isRecord };

/**
 * Reading of data whose shape is not known: pod templates, which the schema leaves open, and documents that the schema
 * has refused, about which as much as possible is still to be said.
 */

/** The member of a map; undefined where there is no map or no such member. */
export const member = (value: unknown, key: string): unknown =>
  isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;

export function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const part of path) {
    if (typeof part === "number") value = Array.isArray(value) ? value[part] : undefined;
    else value = member(value, part);
  }
  return value;
}

export const listAt = (input: unknown, path: Path): readonly unknown[] => {
  const value = valueAt(input, path);
  return Array.isArray(value) ? value : [];
};

export const textAt = (input: unknown, path: Path): string | undefined => {
  const value = valueAt(input, path);
  return typeof value === "string" ? value : undefined;
};

/** A count at a path, or what it is where the path is absent or holds something else. */
export const countAt = (input: unknown, path: Path, otherwise: number): number => {
  const value = valueAt(input, path);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
};
