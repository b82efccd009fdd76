import type { SystemInfo } from "@openpatio/core/view";
import type { SystemService } from "../trpc/services.ts";

export type SystemFacts = {
  readonly version: string;
  readonly startedAtMs: number;
  readonly host: string;
  readonly isSandboxOn: boolean;
  readonly nowMs: () => number;
  readonly sets: () => number;
  readonly clusters: () => number;
  readonly isReconciling: () => boolean;
};

export class SystemInfoService implements SystemService {
  private readonly facts: SystemFacts;

  constructor(facts: SystemFacts) {
    this.facts = facts;
  }

  info(): SystemInfo {
    const { facts } = this;
    return {
      version: facts.version,
      startedAtMs: facts.startedAtMs,
      nowMs: facts.nowMs(),
      node: process.versions.node,
      host: facts.host,
      isSandboxOn: facts.isSandboxOn,
      sets: facts.sets(),
      clusters: facts.clusters(),
      isReconciling: facts.isReconciling(),
    };
  }
}
