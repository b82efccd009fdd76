import { expect, test } from "vitest";
import { hideSecrets } from "./log-tails.ts";

test("lines that may hold a secret of the pod are left out", () => {
  const template = {
    spec: {
      containers: [
        {
          name: "engine",
          env: [
            { name: "HF", valueFrom: { secretKeyRef: { name: "hub", key: "token" } } },
            { name: "API_KEY", value: "hunter2" },
            { name: "MODEL", value: "qwen" },
          ],
        },
      ],
    },
  };
  expect(hideSecrets(["loading qwen", "HF=abc", "login with hunter2", "out of memory"], template)).toEqual([
    "loading qwen",
    "(a line that may hold a secret)",
    "(a line that may hold a secret)",
    "out of memory",
  ]);
});
