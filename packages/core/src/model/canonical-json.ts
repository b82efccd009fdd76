/**
 * JSON with object keys sorted by code unit and `undefined` members left out; arrays keep their order. Equal content
 * gives equal text.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += (text === "" ? "" : ",") + canonicalJson(item ?? null);
    return `[${text}]`;
  }
  const members = value as Readonly<Record<string, unknown>>;
  // The default order of `sort` is that of code units.
  for (const key of Object.keys(members).sort()) {
    const member = members[key];
    if (member !== undefined) text += `${(text === "" ? "" : ",") + JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}
