/** Where something is in a document: keys and indices from the root. */
export type Path = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;

/** `spec.groupTemplate.roles[1].role`; keys that would not read back are quoted: `metadata.labels["app.io/name"]`. */
export function formatPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (PLAIN_KEY.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

const PATH_PART = /\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.[\]]+)/gy;

/** The inverse of {@link formatPath}. Text after something unreadable is ignored. */
export function parsePath(text: string): Path {
  const path: (string | number)[] = [];
  for (const match of text.matchAll(PATH_PART)) {
    if (match[1] !== undefined) path.push(Number(match[1]));
    else if (match[2] !== undefined) path.push(String(JSON.parse(match[2])));
    else if (match[3] !== undefined) path.push(match[3]);
  }
  return path;
}
