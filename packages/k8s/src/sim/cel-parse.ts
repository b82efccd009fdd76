/**
 * The expression language of `x-kubernetes-validations`: text to a tree. Source: the grammar of the CEL specification
 * (google/cel-spec, langdef.md), without messages, byte strings and field selection on optional values.
 */

export type Expression =
  | { readonly kind: "literal"; readonly value: bigint | number | string | boolean | null }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "field"; readonly of: Expression; readonly name: string }
  | { readonly kind: "index"; readonly of: Expression; readonly at: Expression }
  | {
      readonly kind: "call";
      readonly name: string;
      /** Null for a function, the receiver for a method. */
      readonly of: Expression | null;
      readonly args: readonly Expression[];
    }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "unary"; readonly operator: "!" | "-"; readonly of: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "choice";
      readonly when: Expression;
      readonly ifTrue: Expression;
      readonly ifFalse: Expression;
    };

const TOKEN =
  /\s*(?:(?<comment>\/\/[^\n]*)|(?<number>0x[0-9a-fA-F]+u?|\d+\.\d+(?:[eE][-+]?\d+)?|\d+(?:[eE][-+]?\d+)|\d+u?)|(?<text>[rR](?:"[^"]*"|'[^']*')|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()[\]{}])|(?<rest>\S))/gy;

type Token = { readonly type: "number" | "name" | "text" | "sign" | "end"; readonly text: string };

/** Binary operators from the loosest to the tightest. */
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["==", "!=", "<", "<=", ">", ">=", "in"],
  ["+", "-"],
  ["*", "/", "%"],
];

/** Errors: Error with what stands where something else was expected. */
export function parseCel(source: string): Expression {
  const tokens = tokenize(source);
  let at = 0;
  const peek = (): Token => tokens[at] ?? { type: "end", text: "" };
  const next = (): Token => {
    const token = peek();
    at += 1;
    return token;
  };
  const isSign = (text: string): boolean => peek().type === "sign" && peek().text === text;
  const take = (text: string): boolean => {
    if (!isSign(text)) return false;
    at += 1;
    return true;
  };
  const expect = (text: string): void => {
    if (!take(text)) throw new Error(`Syntax error: ${JSON.stringify(text)} is missing before ${show(peek())}`);
  };

  function expression(): Expression {
    const when = binary(0);
    if (!take("?")) return when;
    const ifTrue = binary(0);
    expect(":");
    return { kind: "choice", when, ifTrue, ifFalse: expression() };
  }

  function binary(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    while (operators.includes(peek().text) && (peek().type === "sign" || peek().text === "in")) {
      const operator = next().text;
      left = { kind: "binary", operator, left, right: binary(level + 1) };
    }
    return left;
  }

  function unary(): Expression {
    if (take("!")) return { kind: "unary", operator: "!", of: unary() };
    if (take("-")) return { kind: "unary", operator: "-", of: unary() };
    return member();
  }

  function member(): Expression {
    let of = primary();
    for (;;) {
      if (take(".")) {
        const name = next();
        if (name.type !== "name") throw new Error(`Syntax error: a name is missing before ${show(name)}`);
        of = take("(")
          ? { kind: "call", name: name.text, of, args: list(")") }
          : { kind: "field", of, name: name.text };
      } else if (take("[")) {
        const index = expression();
        expect("]");
        of = { kind: "index", of, at: index };
      } else return of;
    }
  }

  function list(end: string): Expression[] {
    const items: Expression[] = [];
    while (!take(end)) {
      items.push(expression());
      if (!isSign(end)) expect(",");
    }
    return items;
  }

  function primary(): Expression {
    const token = next();
    if (token.type === "number") return { kind: "literal", value: numberOf(token.text) };
    if (token.type === "text") return { kind: "literal", value: textOf(token.text) };
    if (token.type === "name") {
      if (token.text === "true" || token.text === "false") return { kind: "literal", value: token.text === "true" };
      if (token.text === "null") return { kind: "literal", value: null };
      if (take("(")) return { kind: "call", name: token.text, of: null, args: list(")") };
      return { kind: "name", name: token.text };
    }
    if (token.text === "(") {
      const inner = expression();
      expect(")");
      return inner;
    }
    if (token.text === "[") return { kind: "list", items: list("]") };
    if (token.text === "{") return { kind: "map", entries: entries() };
    throw new Error(`Syntax error: a value is missing before ${show(token)}`);
  }

  function entries(): (readonly [Expression, Expression])[] {
    const found: (readonly [Expression, Expression])[] = [];
    while (!take("}")) {
      const key = expression();
      expect(":");
      found.push([key, expression()]);
      if (!isSign("}")) expect(",");
    }
    return found;
  }

  const whole = expression();
  if (peek().type !== "end") throw new Error(`Syntax error: ${show(peek())} is too much`);
  return whole;
}

function show(token: Token): string {
  return token.type === "end" ? "the end" : JSON.stringify(token.text);
}

function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const { groups } of source.matchAll(TOKEN)) {
    const { comment, number, name, text, sign, rest } = groups ?? {};
    if (comment !== undefined) continue;
    if (number !== undefined) tokens.push({ type: "number", text: number });
    else if (name !== undefined) tokens.push({ type: "name", text: name });
    else if (text !== undefined) tokens.push({ type: "text", text });
    else if (sign !== undefined) tokens.push({ type: "sign", text: sign });
    else throw new Error(`Syntax error: ${JSON.stringify(rest)} is no token`);
  }
  return tokens;
}

function numberOf(text: string): bigint | number {
  return /[.eE]/.test(text) && !text.startsWith("0x") ? Number(text) : BigInt(text.replace(/u$/, ""));
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\u0007", b: "\b", f: "\f", v: "\v" };

function textOf(text: string): string {
  if (/^[rR]/.test(text)) return text.slice(2, -1);
  return text
    .slice(1, -1)
    .replaceAll(
      /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|(.))/gs,
      (_, u4?: string, u8?: string, x2?: string, octal?: string, one?: string) => {
        if (one !== undefined) return ESCAPES[one] ?? one;
        const code = octal === undefined ? Number.parseInt(u4 ?? u8 ?? x2 ?? "", 16) : Number.parseInt(octal, 8);
        return String.fromCodePoint(code);
      },
    );
}
