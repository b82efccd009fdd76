import type { ImportNotes } from "./import-report.ts";
import type { Path } from "./path.ts";
import { isRecord } from "./shape.ts";

/** Where launch scripts and their arguments stand. */
const LAUNCH_FIELDS: readonly string[] = ["command", "args", "env"];

type Container = Readonly<Record<string, unknown>>;

/** A pod template with each of its containers mapped; `path` is where the template stands in the imported document. */
export function mapContainers(
  template: unknown,
  path: Path,
  map: (container: Container, at: Path) => Container,
): unknown {
  if (!isRecord(template) || !isRecord(template["spec"])) return template;
  const spec: Record<string, unknown> = { ...template["spec"] };
  for (const field of ["initContainers", "containers"]) {
    const containers = spec[field];
    if (Array.isArray(containers))
      spec[field] = containers.map((container, index) =>
        isRecord(container) ? map(container, [...path, "spec", field, index]) : container,
      );
  }
  return { ...template, spec };
}

/** A container with the texts of its command, arguments and variables rewritten, each change listed. */
export function mapTexts(
  container: Container,
  path: Path,
  rewrite: (text: string) => string,
  notes: ImportNotes,
): Container {
  const mapAll = (value: unknown, at: Path): unknown => {
    if (typeof value === "string") {
      const rewritten = rewrite(value);
      if (rewritten !== value) notes.addRewrite(at, value, rewritten);
      return rewritten;
    }
    if (Array.isArray(value)) return value.map((item, index) => mapAll(item, [...at, index]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapAll(item, [...at, key])]));
  };
  return Object.fromEntries(
    Object.entries(container).map(([key, value]) => [
      key,
      LAUNCH_FIELDS.includes(key) ? mapAll(value, [...path, key]) : value,
    ]),
  );
}
