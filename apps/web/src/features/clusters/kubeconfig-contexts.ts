import { parseDocument } from "yaml";

export type KubeconfigContexts = { readonly contexts: readonly string[]; readonly current: string | null };

/**
 * The contexts that a kubeconfig offers, in its order; null when it is not one. Read in the browser, so that a
 * credential leaves it only when the cluster is registered.
 */
export function parseContexts(text: string): KubeconfigContexts | null {
  const document = parseDocument(text, { logLevel: "silent" });
  if (document.errors.length > 0) return null;
  let value: unknown;
  try {
    // Aliases have no place in a kubeconfig; without them no bomb can grow.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return null;
  }
  if (!isRecord(value) || !Array.isArray(value.contexts)) return null;
  const contexts = value.contexts.flatMap((context: unknown) =>
    isRecord(context) && typeof context.name === "string" ? [context.name] : [],
  );
  const current = value["current-context"];
  return { contexts, current: typeof current === "string" && contexts.includes(current) ? current : null };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
