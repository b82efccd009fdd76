import { writeFileSync } from "node:fs";
import { renderApiReference } from "../src/spec/api-reference.ts";

writeFileSync(new URL("../../../docs/API_REFERENCE.md", import.meta.url), renderApiReference());
