import type { SimApi } from "../api.ts";
import { createLeaderWorkerSetController } from "../leader-worker-set/controller.ts";
import { ApiError } from "../status.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { createDeploymentController } from "./deployment.ts";
import { createEndpointSliceController } from "./endpoint-slices.ts";
import { createEventRecorder, NO_EVENTS } from "./event-recorder.ts";
import { createGarbageCollector } from "./garbage-collector.ts";
import { createKubelet } from "./kubelet.ts";
import { createNamespaceController } from "./namespace-controller.ts";
import { createNodeLifecycle } from "./node-lifecycle.ts";
import { createObjectIndex } from "./object-index.ts";
import { controllerOf, type Pod } from "./objects.ts";
import { createPodCollector } from "./pod-collector.ts";
import { createPodLogs, type PodLogs } from "./pod-logs.ts";
import { createQueue } from "./queue.ts";
import { createReplicaSetController } from "./replicaset.ts";
import { createScheduler } from "./scheduler.ts";
import { createStatefulSetController } from "./statefulset.ts";
import { createTaintEviction } from "./taint-eviction.ts";
import { TIMINGS, type Timing } from "./timing.ts";
import { createVolumeController } from "./volumes.ts";

export type { LogQuery, PodLogs } from "./pod-logs.ts";
export type { Timing } from "./timing.ts";

export type ControllerOptions = {
  /** The same seed and the same calls give the same run. */
  readonly seed: string | number;
  /** Default `demo`. */
  readonly timing?: keyof typeof TIMINGS | Timing;
  /** Runs the controller of LeaderWorkerSets, whose CRD must be there. Default false. */
  readonly hasLeaderWorkerSets?: boolean;
  /** Default true. A simulation that looks at no Events is a third cheaper without. */
  readonly recordsEvents?: boolean;
  /** Default true. A simulation in which nobody asks for addresses is a tenth cheaper without. */
  readonly publishesEndpoints?: boolean;
  /** Told what a controller threw that is not an answer of the API. The controller tries again with backoff. */
  readonly onError?: (controller: string, key: string, error: unknown) => void;
};

export type Controllers = {
  /** Stops everything at once; no timer is left. The state stays in the store and goes on with the next start. */
  stop(): void;
  readonly readLog: PodLogs["read"];
  readonly followLog: PodLogs["follow"];
};

/** Starts the controllers, the scheduler and the kubelets of one simulated cluster. */
export function startControllers(api: SimApi, options: ControllerOptions): Controllers {
  const { timing = "demo", onError } = options;
  const times = typeof timing === "string" ? TIMINGS[timing] : timing;
  const events = options.recordsEvents === false ? NO_EVENTS : createEventRecorder(api, times.eventTtlMs);
  const indexes = {
    podsByNode: createObjectIndex<Pod>(api, "pods", ({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName])),
    podsWithoutController: createObjectIndex<Pod>(api, "pods", (pod) =>
      controllerOf(pod) === undefined ? [pod.metadata.namespace ?? ""] : [],
    ),
  };
  const context: ControllerContext = {
    api,
    seed: String(options.seed),
    timing: times,
    events,
    ...indexes,
    queue: (controller, reconcile) =>
      createQueue(api.clock, reconcile, (key, error) => {
        if (!(error instanceof ApiError)) onError?.(controller, key, error);
      }),
  };
  const controllers: readonly Controller[] = [
    createGarbageCollector(context),
    createNamespaceController(context),
    createVolumeController(context),
    createDeploymentController(context),
    createReplicaSetController(context),
    createStatefulSetController(context),
    ...(options.publishesEndpoints === false ? [] : [createEndpointSliceController(context)]),
    ...(options.hasLeaderWorkerSets === true ? [createLeaderWorkerSetController(context)] : []),
    createNodeLifecycle(context),
    createTaintEviction(context),
    createPodCollector(context),
    createScheduler(context),
    createKubelet(context),
  ];
  const logs = createPodLogs(api, context.seed, times);
  const unsubscribe = api.subscribe((event) => {
    for (const controller of controllers) controller.observe(event);
  });
  for (const controller of controllers) controller.start();
  return {
    readLog: logs.read,
    followLog: logs.follow,
    stop() {
      logs.stop();
      unsubscribe();
      for (const controller of controllers) controller.stop();
      for (const index of Object.values(indexes)) index.stop();
      events.stop();
    },
  };
}
