export * from "./compare.ts";
export * from "./group-roles.ts";
export * from "./kube-object.ts";
export * from "./names.ts";
export * from "./observed.ts";
export * from "./phases.ts";
export * from "./state.ts";
