/** Quantities: the one form that the API server stores (`1000m` becomes `1`, `1024Mi` becomes `1Gi`), and their value. */

const FORM = /^([+-]?)(\d+)?(?:\.(\d*))?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][-+]?\d+)?$/;
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const NANO = 1_000_000_000n;
/** Quantities are repeated all over pod templates: a few hundred texts cover a cluster. */
const known = new Map<string, string>();
const values = new Map<string, number>();

export const QUANTITY_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Undefined when the text is not a quantity. */
export function canonicalQuantity(value: string | number): string | undefined {
  const text = String(value);
  const seen = known.get(text);
  if (seen !== undefined) return seen;
  const canonical = canonicalize(text.trim());
  if (canonical !== undefined && known.size < 10_000) known.set(text, canonical);
  return canonical;
}

function canonicalize(text: string): string | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", suffix = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const binary = BINARY.indexOf(suffix);
  const digits = BigInt(whole + fraction || "0");
  const exponent = /^[eE]./.test(suffix) ? Number(suffix.slice(1)) : Math.max(0, DECIMAL.indexOf(suffix) - 3) * 3;
  if (Math.abs(exponent) > 18) return undefined;
  let nanos = digits * NANO;
  if (binary > 0) nanos *= 1024n ** BigInt(binary);
  else if (DECIMAL.indexOf(suffix) >= 0 && DECIMAL.indexOf(suffix) < 3)
    nanos /= 1000n ** BigInt(3 - DECIMAL.indexOf(suffix));
  else if (exponent >= 0) nanos *= 10n ** BigInt(exponent);
  else nanos /= 10n ** BigInt(-exponent);
  nanos = roundUp(nanos, 10n ** BigInt(fraction.length));
  const minus = sign === "-" && nanos !== 0n ? "-" : "";
  if (binary > 0 && nanos % NANO === 0n && nanos / NANO >= 1024n) return minus + binaryText(nanos / NANO);
  if (/^[eE]./.test(suffix)) return minus + exponentText(nanos);
  return minus + decimalText(nanos);
}

function roundUp(value: bigint, divisor: bigint): bigint {
  return value % divisor === 0n ? value / divisor : value / divisor + 1n;
}

function binaryText(bytes: bigint): string {
  let value = bytes;
  let suffix = 0;
  while (value % 1024n === 0n && suffix < BINARY.length - 1) {
    value /= 1024n;
    suffix += 1;
  }
  return `${value}${BINARY[suffix]}`;
}

function decimalText(nanos: bigint): string {
  if (nanos === 0n) return "0";
  let value = nanos;
  let suffix = 0;
  while (value % 1000n === 0n && suffix < DECIMAL.length - 1) {
    value /= 1000n;
    suffix += 1;
  }
  return `${value}${DECIMAL[suffix]}`;
}

function exponentText(nanos: bigint): string {
  if (nanos === 0n) return "0";
  let value = nanos;
  let exponent = -9;
  while (value % 1000n === 0n) {
    value /= 1000n;
    exponent += 3;
  }
  return exponent === 0 ? String(value) : `${value}e${exponent}`;
}

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a Kubernetes quantity stands for; 0 when it is not one (the store validates what it takes). */
export function quantityValue(quantity: unknown): number {
  if (typeof quantity === "number") return quantity;
  if (typeof quantity !== "string") return 0;
  const seen = values.get(quantity);
  if (seen !== undefined) return seen;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]*)$/u.exec(quantity);
  const factor = FACTORS[match?.[2] ?? ""];
  const value = match === null || factor === undefined ? 0 : Number(match[1]) * factor;
  if (values.size < 10_000) values.set(quantity, value);
  return value;
}
