/**
 * Evaluates a parsed CEL expression. Whole numbers are bigints, other numbers are numbers; lists are arrays, objects and
 * maps are plain objects without a prototype.
 */
import type { Expression } from "./cel-parse.ts";

export type CelValue =
  | bigint
  | number
  | string
  | boolean
  | null
  | CelType
  | readonly CelValue[]
  | { readonly [key: string]: CelValue };

/** What `type(x)` answers and what `int` or `string` stand for. */
export class CelType {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** An expression that has no value, e.g. because a key is missing. The message is as cel-go words it. */
export class CelError extends Error {}

export type CelScope = Readonly<Record<string, CelValue>>;

type CelObject = Readonly<Record<string, CelValue>>;

const isList = (value: CelValue): value is readonly CelValue[] => Array.isArray(value);
const isMap = (value: CelValue): value is CelObject =>
  typeof value === "object" && value !== null && !isList(value) && !(value instanceof CelType);
const isNumber = (value: CelValue): value is bigint | number => typeof value === "bigint" || typeof value === "number";

const TYPES = ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];
const MACROS = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** Errors: {@link CelError} when it has no value. */
export function evaluateCel(expression: Expression, scope: CelScope): CelValue {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "name": {
      const { name } = expression;
      if (Object.hasOwn(scope, name)) return scope[name] ?? null;
      if (TYPES.includes(name)) return new CelType(name);
      throw new CelError(`undeclared reference to '${name}' (in container '')`);
    }
    case "field":
      return fieldOf(evaluateCel(expression.of, scope), unescapeName(expression.name));
    case "index":
      return itemOf(evaluateCel(expression.of, scope), evaluateCel(expression.at, scope));
    case "list":
      return expression.items.map((item) => evaluateCel(item, scope));
    case "map":
      return mapOf(expression.entries.map(([key, value]) => [evaluateCel(key, scope), evaluateCel(value, scope)]));
    case "unary": {
      const value = evaluateCel(expression.of, scope);
      if (expression.operator === "!" && typeof value === "boolean") return !value;
      if (expression.operator === "-" && isNumber(value)) return -value;
      throw noOverload();
    }
    case "binary":
      return binary(expression, scope);
    case "choice":
      return evaluateCel(isTrue(evaluateCel(expression.when, scope)) ? expression.ifTrue : expression.ifFalse, scope);
    case "call":
      return call(expression, scope);
  }
}

/** Whether a variable occurs anywhere in it. */
export function mentions(expression: Expression, name: string): boolean {
  const parts: readonly Expression[] = (() => {
    switch (expression.kind) {
      case "literal":
      case "name":
        return [];
      case "field":
      case "unary":
        return [expression.of];
      case "index":
        return [expression.of, expression.at];
      case "list":
        return expression.items;
      case "map":
        return expression.entries.flat();
      case "binary":
        return [expression.left, expression.right];
      case "choice":
        return [expression.when, expression.ifTrue, expression.ifFalse];
      case "call":
        return [...(expression.of === null ? [] : [expression.of]), ...expression.args];
    }
  })();
  return (expression.kind === "name" && expression.name === name) || parts.some((part) => mentions(part, name));
}

function noOverload(): CelError {
  return new CelError("no such overload");
}

function isTrue(value: CelValue): boolean {
  if (typeof value !== "boolean") throw noOverload();
  return value;
}

const SYMBOLS: Readonly<Record<string, string>> = { underscores: "__", dot: ".", dash: "-", slash: "/" };

/** Kubernetes writes property names that are no identifiers, or are reserved words, with escapes. */
function unescapeName(name: string): string {
  return name.replaceAll(/__([a-z]+)__/g, (_, word: string) => SYMBOLS[word] ?? word);
}

function fieldOf(value: CelValue, name: string): CelValue {
  if (!isMap(value)) throw noOverload();
  const found = value[name];
  if (found === undefined) throw new CelError(`no such key: ${name}`);
  return found;
}

function itemOf(value: CelValue, at: CelValue): CelValue {
  if (isMap(value)) {
    if (typeof at !== "string") throw noOverload();
    return fieldOf(value, at);
  }
  if (!isList(value) || !isNumber(at)) throw noOverload();
  const found = value[Number(at)];
  if (found === undefined) throw new CelError(`index out of bounds: ${at}`);
  return found;
}

function mapOf(entries: readonly (readonly [CelValue, CelValue])[]): CelObject {
  const out: Record<string, CelValue> = Object.create(null);
  for (const [key, value] of entries) {
    if (typeof key !== "string") throw noOverload();
    out[key] = value;
  }
  return out;
}

/** Values of different types differ, save for numbers. */
export function isCelEqual(a: CelValue, b: CelValue): boolean {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) === 0;
  if (isList(a) && isList(b)) {
    return a.length === b.length && a.every((item, index) => isCelEqual(item, b[index] ?? null));
  }
  if (a instanceof CelType && b instanceof CelType) return a.name === b.name;
  if (isMap(a) && isMap(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && isCelEqual(a[key] ?? null, b[key] ?? null))
    );
  }
  return a === b;
}

function compareNumbers(a: bigint | number, b: bigint | number): number {
  // JavaScript compares a bigint with a number by value.
  return a < b ? -1 : a > b ? 1 : 0;
}

function compare(a: CelValue, b: CelValue): number {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  throw noOverload();
}

function binary(expression: Extract<Expression, { kind: "binary" }>, scope: CelScope): CelValue {
  const { operator, left, right } = expression;
  if (operator === "&&") return logical(left, right, scope, false);
  if (operator === "||") return logical(left, right, scope, true);
  const a = evaluateCel(left, scope);
  const b = evaluateCel(right, scope);
  switch (operator) {
    case "==":
      return isCelEqual(a, b);
    case "!=":
      return !isCelEqual(a, b);
    case "<":
      return compare(a, b) < 0;
    case "<=":
      return compare(a, b) <= 0;
    case ">":
      return compare(a, b) > 0;
    case ">=":
      return compare(a, b) >= 0;
    case "in":
      if (isMap(b)) return typeof a === "string" && Object.hasOwn(b, a);
      if (isList(b)) return b.some((item) => isCelEqual(a, item));
      throw noOverload();
    default:
      return arithmetic(operator, a, b);
  }
}

/** One side that decides is enough, even when the other has no value. */
function logical(left: Expression, right: Expression, scope: CelScope, decisive: boolean): boolean {
  let error: unknown;
  for (const side of [left, right]) {
    try {
      if (isTrue(evaluateCel(side, scope)) === decisive) return decisive;
    } catch (caught) {
      error ??= caught;
    }
  }
  if (error !== undefined) throw error;
  return !decisive;
}

function arithmetic(operator: string, a: CelValue, b: CelValue): CelValue {
  if (operator === "+" && typeof a === "string" && typeof b === "string") return a + b;
  if (operator === "+" && isList(a) && isList(b)) return [...a, ...b];
  if (typeof a === "bigint" && typeof b === "bigint") return wholeNumbers(operator, a, b);
  if (typeof a === "number" && typeof b === "number") {
    if (operator === "+") return a + b;
    if (operator === "-") return a - b;
    if (operator === "*") return a * b;
    if (operator === "/") return a / b;
  }
  throw noOverload();
}

function wholeNumbers(operator: string, a: bigint, b: bigint): bigint {
  if (b === 0n && operator === "/") throw new CelError("division by zero");
  if (b === 0n && operator === "%") throw new CelError("modulus by zero");
  const result =
    operator === "+" ? a + b : operator === "-" ? a - b : operator === "*" ? a * b : operator === "/" ? a / b : a % b;
  if (BigInt.asIntN(64, result) !== result) throw new CelError("integer overflow");
  return result;
}

function call(expression: Extract<Expression, { kind: "call" }>, scope: CelScope): CelValue {
  const { name, of, args } = expression;
  if (of === null && name === "has") return has(args[0], scope);
  if (of !== null && MACROS.has(name)) return macro(name, evaluateCel(of, scope), args, scope);
  const values = args.map((arg) => evaluateCel(arg, scope));
  if (of === null) return applyFunction(name, values);
  return applyMethod(name, evaluateCel(of, scope), values);
}

function has(argument: Expression | undefined, scope: CelScope): boolean {
  if (argument?.kind !== "field") throw new CelError("invalid argument to has() macro");
  const value = evaluateCel(argument.of, scope);
  return isMap(value) && value[unescapeName(argument.name)] !== undefined;
}

function macro(name: string, value: CelValue, args: readonly Expression[], scope: CelScope): CelValue {
  const items: readonly CelValue[] = isList(value) ? value : isMap(value) ? Object.keys(value) : [];
  if (!isList(value) && !isMap(value)) throw noOverload();
  const [variable, ...bodies] = args;
  const body = bodies.at(-1);
  if (variable?.kind !== "name" || body === undefined) throw noOverload();
  const inner = (item: CelValue): CelScope => ({ ...scope, [variable.name]: item });
  const holds = (item: CelValue): boolean => isTrue(evaluateCel(body, inner(item)));
  switch (name) {
    case "all":
      return quantified(items, holds, false);
    case "exists":
      return quantified(items, holds, true);
    case "exists_one":
      return items.filter(holds).length === 1;
    case "filter":
      return items.filter(holds);
    default: {
      const condition = bodies.length > 1 ? bodies[0] : undefined;
      return items
        .filter((item) => condition === undefined || isTrue(evaluateCel(condition, inner(item))))
        .map((item) => evaluateCel(body, inner(item)));
    }
  }
}

function quantified(items: readonly CelValue[], holds: (item: CelValue) => boolean, decisive: boolean): boolean {
  let error: unknown;
  for (const item of items) {
    try {
      if (holds(item) === decisive) return decisive;
    } catch (caught) {
      error ??= caught;
    }
  }
  if (error !== undefined) throw error;
  return !decisive;
}

function sizeOf(value: CelValue | undefined): bigint {
  if (typeof value === "string") return BigInt(Array.from(value).length);
  if (value !== undefined && isList(value)) return BigInt(value.length);
  if (value !== undefined && isMap(value)) return BigInt(Object.keys(value).length);
  throw noOverload();
}

function typeOf(value: CelValue): CelType {
  if (value === null) return new CelType("null_type");
  if (value instanceof CelType) return new CelType("type");
  if (isList(value)) return new CelType("list");
  if (typeof value === "bigint") return new CelType("int");
  if (typeof value === "number") return new CelType("double");
  if (typeof value === "boolean") return new CelType("bool");
  return new CelType(typeof value === "string" ? "string" : "map");
}

function applyFunction(name: string, [value, ...more]: readonly CelValue[]): CelValue {
  if (value === undefined || more.length > 0) throw noOverload();
  switch (name) {
    case "size":
      return sizeOf(value);
    case "type":
      return typeOf(value);
    case "dyn":
      return value;
    case "string":
      if (isNumber(value) || typeof value === "boolean" || typeof value === "string") return String(value);
      throw noOverload();
    case "int":
      if (isNumber(value)) return BigInt(Math.trunc(Number(value)));
      if (typeof value === "string" && /^-?\d+$/.test(value)) return BigInt(value);
      throw new CelError("type conversion error from 'string' to 'int'");
    case "double":
      if (isNumber(value) || typeof value === "string") return Number(value);
      throw noOverload();
    default:
      throw new CelError(`the sandbox has no CEL function ${name}`);
  }
}

function applyMethod(name: string, value: CelValue, args: readonly CelValue[]): CelValue {
  if (name === "size" && args.length === 0) return sizeOf(value);
  if (typeof value === "string") return applyTextMethod(name, value, args);
  if (isList(value)) return applyListMethod(name, value);
  throw new CelError(`the sandbox has no CEL method ${name}`);
}

function applyTextMethod(name: string, value: string, args: readonly CelValue[]): CelValue {
  const [first, second] = args;
  const text = (argument: CelValue | undefined): string => {
    if (typeof argument !== "string") throw noOverload();
    return argument;
  };
  switch (name) {
    case "contains":
      return value.includes(text(first));
    case "startsWith":
      return value.startsWith(text(first));
    case "endsWith":
      return value.endsWith(text(first));
    case "matches":
      return new RegExp(text(first)).test(value);
    case "lowerAscii":
      return value.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
    case "upperAscii":
      return value.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
    case "trim":
      return value.trim();
    case "split":
      return value.split(text(first));
    case "replace":
      return value.replaceAll(text(first), () => text(second));
    default:
      throw new CelError(`the sandbox has no CEL method ${name} of a string`);
  }
}

function applyListMethod(name: string, value: readonly CelValue[]): CelValue {
  switch (name) {
    case "isSorted":
      return value.every((item, index) => index === 0 || compare(value[index - 1] ?? null, item) <= 0);
    case "sum":
      return value.reduce<CelValue>((sum, item) => arithmetic("+", sum, item), 0n);
    case "min":
    case "max": {
      const sorted = [...value].sort(compare);
      const found = name === "min" ? sorted[0] : sorted.at(-1);
      if (found === undefined) throw new CelError(`${name} called on empty list`);
      return found;
    }
    default:
      throw new CelError(`the sandbox has no CEL method ${name} of a list`);
  }
}
