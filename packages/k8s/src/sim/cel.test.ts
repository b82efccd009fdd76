import { describe, expect, test } from "vitest";
import { CelError, CelSyntaxError, parseCel } from "./cel.ts";

const SELF = {
  self: {
    name: "web-1",
    count: 3n,
    ratio: 0.5,
    tags: ["a", "b"],
    labels: { app: "x" },
    roles: [{ role: "a", needs: ["b"] }, { role: "b" }],
    share: "25%",
    nothing: null,
  },
};
const value = (source: string) => parseCel(source).evaluate(SELF);

describe("CEL in the sandbox", () => {
  test.each([
    ["-7 / 2", -3n],
    ["self.count <= 3.5 && self.count != '3'", true],
    ["self.share == 0 || self.share == '25%'", true],
    ["'caf\\u00e9'.size()", 4n],
    ["self.nothing == null && has(self.nothing) && !has(self.gone)", true],
    ["has(self.toString) || 'constructor' in self.labels", false],
    ["self.labels.all(key, key.startsWith('a')) && self.labels['app'] == self.labels.app", true],
    ["self.roles.all(r, !has(r.needs) || r.needs.all(d, self.roles.exists(o, o.role == d)))", true],
    ["self.roles.filter(r, has(r.needs)).map(r, r.role) == ['a'] && self.tags.exists_one(t, t > 'a')", true],
    ["self.name.matches('^[a-z]+-[0-9]$') && self.name.replace('-', '_') == 'web_1'", true],
    ["[1, 2].sum() == 3 && [0.5, 1.0].sum() == 1.5 && [2, 1].max() == 2 && [2, 1].min() == 1", true],
    ["self.tags.isSorted() && ![2, 1].isSorted() && self.tags.indexOf('b') == 1", true],
    ["string(12) + string(true) == '12true' && int('4') == 4 && type(self.name) == string", true],
    ["self.?gone.orValue('none') == 'none'", true],
    ["self.count > 0 // and so on", true],
    ["self.gone == 1 || true", true],
    ["self.gone == 1 && false", false],
  ])("%s", (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  test.each([
    ["self.gone == 1 && true", "no such key: gone"],
    ["self.labels['b'] == 'x'", "no such key: b"],
    ["self.tags[5]", "index out of bounds: 5"],
    ["1 / 0", "division by zero"],
    ["1 % 0", "modulus by zero"],
    ["9223372036854775807 + 1", "integer overflow"],
    ["self.count + 'a'", "no such overload"],
    ["self.count ? 1 : 2", "no such overload"],
    ["self.tags.sum()", "no such overload"],
    ["[].max()", "max called on empty list"],
    ["unknown", "undeclared reference to 'unknown' (in container '')"],
    ["self.name.reverse()", "in the sandbox's CEL, found no matching overload for 'dyn.reverse()'"],
  ])("%s has no value: %s", (source, message) => {
    expect(() => value(source)).toThrow(new CelError(message));
  });

  test.each([
    ["1 +", "1:4"],
    ["(1", "1:3"],
    ["a b", "1:3"],
    ["#", "1:1"],
    ["self.count >\n  1 +\n", "3:1"],
  ])("%j is no expression, and the place is shown", (source, place) => {
    expect(() => parseCel(source)).toThrow(CelSyntaxError);
    expect(() => parseCel(source)).toThrow(`ERROR: <input>:${place}: Syntax error: `);
  });

  test("a rule about a change is known by the variable that it uses", () => {
    expect(parseCel("self.all(x, x in oldSelf)").mentions("oldSelf")).toBe(true);
    expect(parseCel("{'a': [self, oldSelf.b]} == {}").mentions("oldSelf")).toBe(true);
    expect(parseCel("self == 'oldSelf' && self.oldSelf == 1").mentions("oldSelf")).toBe(false);
  });
});
