import { type Fields, fields, records } from "../model/untyped.ts";

/** What a pod needs beside itself, and every place of the definition that names it. */
export type ObjectReference = {
  readonly apiVersion: string;
  readonly kind: ReferencedKind;
  readonly isNamespaced: boolean;
  readonly name: string;
  readonly paths: readonly string[];
};

const KINDS = {
  Secret: { apiVersion: "v1", isNamespaced: true },
  ConfigMap: { apiVersion: "v1", isNamespaced: true },
  PersistentVolumeClaim: { apiVersion: "v1", isNamespaced: true },
  ServiceAccount: { apiVersion: "v1", isNamespaced: true },
  PriorityClass: { apiVersion: "scheduling.k8s.io/v1", isNamespaced: false },
  RuntimeClass: { apiVersion: "node.k8s.io/v1", isNamespaced: false },
} as const;
export type ReferencedKind = keyof typeof KINDS;

type Add = (kind: ReferencedKind, name: unknown, path: string) => void;

/** Everything that these pod templates name, each once, in the order of first mention. `path`: of the template. */
export function objectReferences(
  templates: readonly { readonly template: Readonly<Record<string, unknown>>; readonly path: string }[],
): readonly ObjectReference[] {
  const found = new Map<string, ObjectReference>();
  const add: Add = (kind, name, path) => {
    if (typeof name !== "string" || name === "") return;
    const known = found.get(`${kind}/${name}`);
    found.set(`${kind}/${name}`, { ...KINDS[kind], kind, name, paths: [...(known?.paths ?? []), path] });
  };
  for (const role of templates) {
    const path = `${role.path}.spec`;
    const pod = fields(role.template["spec"]);
    add("ServiceAccount", pod["serviceAccountName"] ?? pod["serviceAccount"], `${path}.serviceAccountName`);
    add("PriorityClass", pod["priorityClassName"], `${path}.priorityClassName`);
    add("RuntimeClass", pod["runtimeClassName"], `${path}.runtimeClassName`);
    for (const [at, secret] of records(pod["imagePullSecrets"]).entries())
      add("Secret", secret["name"], `${path}.imagePullSecrets[${at}].name`);
    for (const [at, volume] of records(pod["volumes"]).entries()) addVolume(volume, `${path}.volumes[${at}]`, add);
    for (const list of ["initContainers", "containers"])
      for (const [at, container] of records(pod[list]).entries()) addEnv(container, `${path}.${list}[${at}]`, add);
  }
  return [...found.values()];
}

function addVolume(volume: Fields, path: string, add: Add): void {
  addNeeded(volume["secret"], "Secret", "secretName", `${path}.secret`, add);
  addNeeded(volume["configMap"], "ConfigMap", "name", `${path}.configMap`, add);
  addNeeded(
    volume["persistentVolumeClaim"],
    "PersistentVolumeClaim",
    "claimName",
    `${path}.persistentVolumeClaim`,
    add,
  );
  const driver = fields(volume["csi"]);
  addNeeded(driver["nodePublishSecretRef"], "Secret", "name", `${path}.csi.nodePublishSecretRef`, add);
  for (const [at, source] of records(fields(volume["projected"])["sources"]).entries()) {
    const inside = `${path}.projected.sources[${at}]`;
    addNeeded(source["secret"], "Secret", "name", `${inside}.secret`, add);
    addNeeded(source["configMap"], "ConfigMap", "name", `${inside}.configMap`, add);
  }
}

function addEnv(container: Fields, path: string, add: Add): void {
  for (const [at, variable] of records(container["env"]).entries()) {
    const from = fields(variable["valueFrom"]);
    addNeeded(from["secretKeyRef"], "Secret", "name", `${path}.env[${at}].valueFrom.secretKeyRef`, add);
    addNeeded(from["configMapKeyRef"], "ConfigMap", "name", `${path}.env[${at}].valueFrom.configMapKeyRef`, add);
  }
  for (const [at, source] of records(container["envFrom"]).entries()) {
    addNeeded(source["secretRef"], "Secret", "name", `${path}.envFrom[${at}].secretRef`, add);
    addNeeded(source["configMapRef"], "ConfigMap", "name", `${path}.envFrom[${at}].configMapRef`, add);
  }
}

/** Pods start without what is optional. */
function addNeeded(reference: unknown, kind: ReferencedKind, field: string, path: string, add: Add): void {
  const { optional, [field]: name } = fields(reference);
  if (optional !== true) add(kind, name, `${path}.${field}`);
}
