/** Keeps the resource of a set until its groups have stopped in order, and a RoleBasedGroup until its roles have. */
export const ORDERED_TEARDOWN = "openpatio.io/ordered-teardown";
/** Field manager of the replicas that a definition left out. */
export const DEFAULTS_MANAGER = "openpatio-defaults";
/** Field manager of what a person changes in the console. */
export const CONSOLE_MANAGER = "openpatio-console";
