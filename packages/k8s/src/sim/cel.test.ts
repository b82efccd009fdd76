import { describe, expect, test } from "vitest";
import { CelError, evaluateCel, mentions } from "./cel-evaluate.ts";
import { parseCel } from "./cel-parse.ts";

const SELF = {
  self: {
    name: "web-1",
    count: 3n,
    ratio: 0.5,
    tags: ["a", "b"],
    labels: { app: "x" },
    roles: [{ role: "a", needs: ["b"] }, { role: "b" }],
    "dash-ed": true,
    namespace: "n",
  },
};
const value = (source: string) => evaluateCel(parseCel(source), SELF as never);

describe("CEL", () => {
  test.each([
    ["1 + 2 * 3 == 7", true],
    ["(1 + 2) * 3", 9n],
    ["-7 / 2", -3n],
    ["7 % 4", 3n],
    ["1.5 + 0.5 == 2", true],
    ["self.count <= 3.5", true],
    ["'a' + \"b\" == 'ab'", true],
    ["r'\\d+' == '\\\\d+'", true],
    ["'caf\\u00e9'.size()", 4n],
    ["self.count == 3 ? 'three' : 'other'", "three"],
    ["self.count == '3'", false],
    ["'app' in self.labels && !('b' in self.labels)", true],
    ["'a' in self.tags", true],
    ["self.tags[1]", "b"],
    ["self.labels['app'] == self.labels.app", true],
    ["has(self.name) && !has(self.gone)", true],
    ["self.__namespace__ == 'n' && self.dash__dash__ed", true],
    ["self.tags.all(t, t.size() == 1) && self.tags.exists(t, t == 'b') && self.tags.exists_one(t, t > 'a')", true],
    ["self.labels.all(key, key.startsWith('a'))", true],
    ["self.roles.filter(r, has(r.needs)).map(r, r.role) == ['a']", true],
    ["self.roles.all(r, !has(r.needs) || r.needs.all(d, self.roles.exists(o, o.role == d)))", true],
    ["{'a': [1, 2]} == {'a': [1, 2]}", true],
    ["[1, 2].sum() == 3 && [2, 1].max() == 2 && ['a', 'b'].isSorted()", true],
    ["self.name.matches('^[a-z]+-[0-9]$') && self.name.contains('b-') && self.name.endsWith('1')", true],
    ["type(self.count) == int && type(self.name) == string && type(self.ratio) != int", true],
    ["string(12) + string(true) == '12true' && int('4') == 4", true],
    ["self.count > 0 // and so on", true],
  ])("%s", (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  test("one side that decides is enough, whatever the other one is", () => {
    expect(value("self.gone == 1 || true")).toBe(true);
    expect(value("false && self.gone == 1")).toBe(false);
    expect(value("self.gone == 1 && false")).toBe(false);
    expect(() => value("self.gone == 1 && true")).toThrow("no such key: gone");
  });

  test.each([
    ["self.tags[5]", "index out of bounds: 5"],
    ["1 / 0", "division by zero"],
    ["9223372036854775807 + 1", "integer overflow"],
    ["1 + 'a'", "no such overload"],
    ["unknown", "undeclared reference to 'unknown' (in container '')"],
    ["self.name.reverse()", "the sandbox has no CEL method reverse of a string"],
  ])("%s has no value: %s", (source, message) => {
    expect(() => value(source)).toThrow(new CelError(message));
  });

  test.each(["1 +", "(1", "a b", "a.1", "has(a", "#"])("%s is no expression", (source) => {
    expect(() => parseCel(source)).toThrow("Syntax error");
  });

  test("a rule about a change is known by the variable that it uses", () => {
    expect(mentions(parseCel("self.all(x, x in oldSelf)"), "oldSelf")).toBe(true);
    expect(mentions(parseCel("self == 'oldSelf'"), "oldSelf")).toBe(false);
  });
});
