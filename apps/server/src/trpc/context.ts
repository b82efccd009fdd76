import type {
  ClusterService,
  LiveService,
  PodService,
  RolloutService,
  SandboxService,
  SetService,
  SystemService,
} from "./services.ts";

export type Services = {
  readonly sets: SetService;
  readonly rollouts: RolloutService;
  readonly clusters: ClusterService;
  readonly pods: PodService;
  readonly sandbox: SandboxService;
  readonly system: SystemService;
  readonly live: LiveService;
};

export type RequestContext = {
  readonly services: Services;
  /** Who asks, for the timeline. There is no sign-in: whoever reaches the loopback port is the operator. */
  readonly actor: string;
  readonly requestId: string;
  /** Bytes that wait to be sent on this connection; 0 where there is no stream. */
  readonly bufferedBytes: () => number;
  readonly log: (error: unknown, path: string) => void;
};
