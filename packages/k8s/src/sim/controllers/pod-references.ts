import type { Container, Pod } from "./objects.ts";

/** An object that a pod needs before it can start. */
export type Reference = { readonly resource: "configmaps" | "secrets"; readonly name: string };

type Local = { readonly name?: string; readonly optional?: boolean } | undefined;

function required(resource: Reference["resource"], reference: Local): readonly Reference[] {
  if (reference?.name === undefined || reference.optional === true) return [];
  return [{ resource, name: reference.name }];
}

/** What the container's environment is taken from. */
export function environmentReferences(container: Container): readonly Reference[] {
  return [
    ...(container.envFrom ?? []).flatMap((source) => [
      ...required("configmaps", source.configMapRef),
      ...required("secrets", source.secretRef),
    ]),
    ...(container.env ?? []).flatMap(({ valueFrom }) => [
      ...required("configmaps", valueFrom?.configMapKeyRef),
      ...required("secrets", valueFrom?.secretKeyRef),
    ]),
  ];
}

/** What the pod mounts, with the name of the volume. */
export function volumeReferences(pod: Pod): readonly (Reference & { readonly volume: string })[] {
  return (pod.spec.volumes ?? []).flatMap((volume) =>
    [
      ...required("configmaps", volume.configMap),
      ...required("secrets", {
        ...(volume.secret?.secretName === undefined ? {} : { name: volume.secret.secretName }),
        ...(volume.secret?.optional === undefined ? {} : { optional: volume.secret.optional }),
      }),
      ...(volume.projected?.sources ?? []).flatMap((source) => [
        ...required("configmaps", source.configMap),
        ...required("secrets", source.secret),
      ]),
    ].map((reference) => ({ ...reference, volume: volume.name })),
  );
}

const KINDS = { configmaps: "configmap", secrets: "secret" } as const;

export function missingText(reference: Reference): string {
  return `${KINDS[reference.resource]} "${reference.name}" not found`;
}
