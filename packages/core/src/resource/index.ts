export { CONSOLE_MANAGER, DEFAULTS_MANAGER, ORDERED_TEARDOWN } from "./names.ts";
export { managedBy, readResource, resourceYaml, withAuthored, wroteLast } from "./read.ts";
export { type Refusal, refusedStatus, resourceStatus, statusText, strayGroupStatus } from "./status.ts";
