import type { KubeObject } from "@openpatio/core/model";
import { ROLE_BASED_GROUPS } from "./definitions.ts";

/** The custom resource definitions that a cluster needs, in the order in which they are installed. */
export const CRDS: readonly KubeObject[] = [ROLE_BASED_GROUPS];
