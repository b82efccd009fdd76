#!/usr/bin/env node
// In a checkout the bundle is made anew, so that it is never stale; where there is no bundler, it was made beforehand.
import { existsSync } from "node:fs";

const made = new URL("../dist/cli.js", import.meta.url);
try {
  const { bundle } = await import("../build.mjs");
  await bundle(["cli"]);
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND" || !existsSync(made)) throw error;
}
await import(made.href);
