import { CRDS } from "./definitions.ts";
import { renderDefinitions } from "./render.ts";

/** The custom resource definitions that a cluster needs, in the order in which they are installed. */
export { CRDS };

/** For `kubectl apply -f`. */
export const CRDS_YAML: string = renderDefinitions(CRDS);
