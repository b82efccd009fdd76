export * from "./hash.ts";
export * from "./problem.ts";
export * from "./schema.ts";
