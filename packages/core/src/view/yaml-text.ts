import { stringify } from "yaml";
import type { KubeObject, RevisionContent } from "../model/index.ts";

const STYLE = { lineWidth: 0, aliasDuplicateObjects: false } as const;

/** A Kubernetes object as a person reads it, without what only machines read. */
export function objectYaml(object: KubeObject): string {
  const { managedFields: _, ...metadata } = object.metadata;
  return stringify({ ...object, metadata }, STYLE);
}

/** The pod-affecting content of a revision, in the layout of the definition. */
export function revisionYaml({ groupMetadata, roles }: RevisionContent): string {
  return stringify({ metadata: groupMetadata, roles }, STYLE);
}
