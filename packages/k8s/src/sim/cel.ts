/**
 * Expressions in CEL, evaluated by `@marcbachmann/cel-js` and refused in cel-go's words. It knows the language itself;
 * of Kubernetes' own functions the ones below are added, and one that is still lacking is named when a rule calls it.
 */
import { Environment, EvaluationError, ParseError } from "@marcbachmann/cel-js";

/** An expression that has no value, e.g. because a key is missing. The message is as cel-go words it. */
export class CelError extends Error {}

/** Text that is no expression. The message shows where, as cel-go does. */
export class CelSyntaxError extends Error {}

/** Whole numbers are bigints, other numbers are numbers; lists are arrays, objects and maps are plain objects. */
export type CelScope = Readonly<Record<string, unknown>>;

export type CelExpression = {
  /** Errors: {@link CelError} when it has no value. */
  readonly evaluate: (scope: CelScope) => unknown;
  /** Whether a variable occurs anywhere in it. */
  readonly mentions: (variable: string) => boolean;
};

const LANGUAGE = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
})
  .registerFunction("string.replace(string, string): string", (text: string, from: string, to: string) =>
    text.replaceAll(from, () => to),
  )
  .registerFunction("list.indexOf(dyn): int", (list: readonly unknown[], item: unknown) => BigInt(list.indexOf(item)))
  .registerFunction("list.isSorted(): bool", (list: readonly Comparable[]) =>
    list.every((item, index) => index === 0 || compare(list[index - 1] as Comparable, item) <= 0),
  )
  .registerFunction("list.min(): dyn", (list: readonly Comparable[]) => extreme("min", list))
  .registerFunction("list.max(): dyn", (list: readonly Comparable[]) => extreme("max", list))
  .registerFunction("list.sum(): dyn", (list: readonly Comparable[]) => list.reduce(plus, 0n));

type Comparable = bigint | number | string | boolean;

function compare(a: Comparable, b: Comparable): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function extreme(name: "min" | "max", list: readonly Comparable[]): Comparable {
  const sorted = [...list].sort(compare);
  const found = name === "min" ? sorted[0] : sorted.at(-1);
  if (found === undefined) throw new EvaluationError({ code: "empty_list", message: `${name} called on empty list` });
  return found;
}

function plus(sum: Comparable, item: Comparable): Comparable {
  if (typeof sum === "bigint" && typeof item === "bigint") return sum + item;
  if (typeof item === "number" && (sum === 0n || typeof sum === "number")) return Number(sum) + item;
  throw new EvaluationError({ code: "no_such_overload", message: "no such overload" });
}

/** Errors: {@link CelSyntaxError} when it is no expression. */
export function parseCel(source: string): CelExpression {
  const parsed = (() => {
    try {
      return LANGUAGE.parse(source);
    } catch (error) {
      if (error instanceof ParseError) throw new CelSyntaxError(syntaxError(source, error));
      throw error;
    }
  })();
  return {
    evaluate: (scope) => {
      try {
        return parsed(scope);
      } catch (error) {
        if (error instanceof EvaluationError) throw new CelError(wordsOf(error));
        throw error;
      }
    },
    mentions: (variable) => isMentioned(parsed.ast, variable),
  };
}

/** Nodes of the syntax tree are `{ op, args }`; a name is one with the operator `id`, everything else holds further nodes. */
function isMentioned(node: unknown, variable: string): boolean {
  if (Array.isArray(node)) return node.some((item) => isMentioned(item, variable));
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return false;
  return node.op === "id" ? node.args === variable : isMentioned(node.args, variable);
}

/** Kubernetes prints the line and points at the column. */
function syntaxError(source: string, error: ParseError): string {
  const start = error.range?.start ?? 0;
  const before = source.slice(0, start).split("\n");
  const column = before.at(-1)?.length ?? 0;
  const line = source.split("\n")[before.length - 1] ?? "";
  const where = `<input>:${before.length}:${column + 1}`;
  return `ERROR: ${where}: Syntax error: ${error.summary}\n | ${line}\n | ${".".repeat(column)}^`;
}

function wordsOf({ code, summary }: EvaluationError): string {
  switch (code) {
    case "no_such_key":
      return summary.replace("No such key", "no such key");
    case "index_out_of_bounds":
      return `index out of bounds: ${/-?\d+/.exec(summary)?.[0]}`;
    case "no_such_overload":
    case "invalid_condition_type":
      return "no such overload";
    case "unknown_variable":
      return `undeclared reference to '${summary.replace("Unknown variable: ", "")}' (in container '')`;
    case "modulo_by_zero":
      return "modulus by zero";
    case "numeric_overflow":
      return "integer overflow";
    case "no_matching_overload":
      return `in the sandbox's CEL, ${summary}`;
    default:
      return summary;
  }
}
