import { ANNOTATION, type KubeObject, MANAGER } from "@openpatio/core/model";
import { ApiError } from "./api-error.ts";
import { type ApiConnection, toKubeObject } from "./connection.ts";
import { CRD, resourcePath } from "./resources.ts";

/** Why the definitions were not installed, and what an administrator has to do. */
export type DefinitionsRefusal = {
  readonly message: string;
  /** False when the credentials may not even look: then the definitions may well be there. */
  readonly isCertain: boolean;
};

/**
 * Creates the custom resource definitions that are missing and updates those that an older version installed. One of a
 * newer schema version is left alone.
 *
 * Errors: {@link ApiError} for everything but a refusal.
 */
export async function installDefinitions(
  connection: ApiConnection,
  definitions: readonly KubeObject[],
): Promise<DefinitionsRefusal | null> {
  for (const definition of definitions) {
    const name = definition.metadata.name;
    let isCertain = false;
    try {
      const live = await readOrNull(connection, name);
      isCertain = true;
      await install(connection, definition, live);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) throw error;
      const what = isCertain
        ? `is missing or outdated, and these credentials may not install it`
        : `may be missing, and these credentials may not look or install it`;
      return { message: `The definition ${name} ${what}. ${BY_HAND}`, isCertain };
    }
  }
  return null;
}

/** The server serves its own definitions; 3000 is its port unless it was given another. */
const BY_HAND =
  "As an administrator of the cluster, with this console's address: kubectl apply -f http://localhost:3000/crds.yaml.";

async function install(connection: ApiConnection, definition: KubeObject, live: KubeObject | null): Promise<void> {
  const query = { fieldManager: MANAGER };
  if (live === null) {
    await connection.request({ method: "POST", path: resourcePath(CRD), query, body: definition });
    return;
  }
  const { annotations } = definition.metadata;
  const isSame = live.metadata.annotations?.[ANNOTATION.contentHash] === annotations?.[ANNOTATION.contentHash];
  if (isSame || schemaVersion(live) > schemaVersion(definition)) return;
  // With the version that was read: two servers that update at once must not put the older one on top.
  const { uid, resourceVersion } = live.metadata;
  await connection.request({
    method: "PATCH",
    path: resourcePath(CRD, { name: definition.metadata.name }),
    query,
    contentType: "application/merge-patch+json",
    body: { metadata: { uid, resourceVersion, annotations }, spec: definition["spec"] },
  });
}

/** 0 for a definition that has none. */
function schemaVersion(definition: KubeObject): number {
  const version = Number(definition.metadata.annotations?.[ANNOTATION.schemaVersion]);
  return Number.isInteger(version) ? version : 0;
}

async function readOrNull(connection: ApiConnection, name: string): Promise<KubeObject | null> {
  try {
    return toKubeObject(await connection.request({ method: "GET", path: resourcePath(CRD, { name }) }));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
