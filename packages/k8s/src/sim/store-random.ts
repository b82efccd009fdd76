import { createHash } from "node:crypto";

/** Mulberry32: small, fast and the same on every machine. Uniform in [0, 1). */
export function seededRandom(seed: string): () => number {
  let state = createHash("sha256").update(seed).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A UUID (version 4 layout) that is a function of its input, so a restart cannot repeat one. */
export function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

const NAME_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789";

/** The suffix of a generated name: five characters of the set that Kubernetes uses. */
export function nameSuffix(text: string): string {
  const bytes = createHash("sha256").update(text).digest();
  return [...bytes.subarray(0, 5)].map((byte) => NAME_CHARACTERS[byte % NAME_CHARACTERS.length]).join("");
}
