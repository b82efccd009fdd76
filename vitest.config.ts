import { defineConfig } from "vitest/config";

const FILES = ["src/**/*.test.ts", "src/**/*.test.tsx"];

export default defineConfig({
  test: {
    projects: [
      // A slow machine is no failure: properties run hundreds of cases in one test.
      { test: { name: "core", root: "packages/core", include: FILES, testTimeout: 60_000 } },
      {
        test: {
          name: "k8s",
          root: "packages/k8s",
          include: [...FILES, "simulation/**/*.test.ts"],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "contract",
          root: "packages/k8s",
          include: ["contract/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: "db", root: "prisma", include: FILES, testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: "server", root: "apps/server", include: FILES, testTimeout: 60_000, hookTimeout: 60_000 } },
      {
        test: {
          name: "scenarios",
          root: "apps/server",
          include: ["scenarios/**/*.test.ts"],
          // They wait more than they compute; by themselves, so that they slow nobody down.
          maxConcurrency: 12,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: { name: "web", root: "apps/web", include: FILES, testTimeout: 60_000 },
        oxc: { jsx: { runtime: "automatic" } },
      },
    ],
  },
});
