/** Labels as a person types them: `key=value`, one a line or with commas between. */

export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join("\n");
}

/** The labels of a text, or what is wrong with it. Whether a cluster takes them the server says. */
export function parseLabels(
  text: string,
): { readonly labels: Readonly<Record<string, string>> } | { readonly problem: string } {
  const labels = new Map<string, string>();
  for (const part of text.split(/[\n,]/)) {
    const pair = part.trim();
    if (pair === "") continue;
    const [key = "", ...rest] = pair.split("=").map((word) => word.trim());
    const [value] = rest;
    if (key === "" || value === undefined || rest.length > 1)
      return { problem: `${pair} is not of the form key=value.` };
    if (labels.has(key)) return { problem: `${key} stands there twice.` };
    labels.set(key, value);
  }
  return { labels: Object.fromEntries(labels) };
}
