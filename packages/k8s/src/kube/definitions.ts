import { createHash } from "node:crypto";
import { ANNOTATION, type KubeObject, MANAGER } from "@openpatio/core/model";
import { ApiError } from "./api-error.ts";
import { type ApiConnection, toKubeObject } from "./connection.ts";
import { CRD, resourcePath } from "./resources.ts";

/**
 * Creates the custom resource definitions that are missing and updates those that an older version installed.
 *
 * Returns null, or one sentence on what an administrator has to do when the credentials do not permit it.
 * Errors: {@link ApiError} for everything but a refusal.
 */
export async function installDefinitions(
  connection: ApiConnection,
  definitions: readonly KubeObject[],
): Promise<string | null> {
  for (const definition of definitions) {
    const name = definition.metadata.name;
    try {
      await install(connection, definition);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) throw error;
      return `The definition ${name} is missing or outdated, and these credentials may not install it. As an administrator of the cluster: kubectl apply -f packages/k8s/src/crds/${name}.yaml.`;
    }
  }
  return null;
}

async function install(connection: ApiConnection, definition: KubeObject): Promise<void> {
  const contentHash = createHash("sha256").update(JSON.stringify(definition["spec"])).digest("hex").slice(0, 16);
  const annotations = { ...definition.metadata.annotations, [ANNOTATION.contentHash]: contentHash };
  const query = { fieldManager: MANAGER };
  const path = resourcePath(CRD, { name: definition.metadata.name });
  const live = await readOrNull(connection, path);
  if (live === null) {
    const body = { ...definition, metadata: { ...definition.metadata, annotations } };
    await connection.request({ method: "POST", path: resourcePath(CRD), query, body });
    return;
  }
  if (live.metadata.annotations?.[ANNOTATION.contentHash] === contentHash) return;
  await connection.request({
    method: "PATCH",
    path,
    query,
    contentType: "application/merge-patch+json",
    body: { metadata: { uid: live.metadata.uid, annotations }, spec: definition["spec"] },
  });
}

async function readOrNull(connection: ApiConnection, path: string): Promise<KubeObject | null> {
  try {
    return toKubeObject(await connection.request({ method: "GET", path }));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
