#!/usr/bin/env node
// In a checkout the bundle is made anew, so that it is never stale; where there is no bundler, it was made beforehand.
import { existsSync } from "node:fs";

const bundle = new URL("../dist/cli.js", import.meta.url);
try {
  await import("../build.mjs");
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND" || !existsSync(bundle)) throw error;
}
await import(bundle.href);
