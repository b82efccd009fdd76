export * from "./answers.ts";
export * from "./types.ts";
