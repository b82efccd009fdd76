export * from "./judge.ts";
export * from "./lease.ts";
export * from "./timing.ts";
