export * from "./dependencies.ts";
export * from "./hash.ts";
export * from "./name-budget.ts";
export * from "./parse.ts";
export * from "./path.ts";
export * from "./problem.ts";
export * from "./revision.ts";
export * from "./schema.ts";
export { validateManifest } from "./validate.ts";
