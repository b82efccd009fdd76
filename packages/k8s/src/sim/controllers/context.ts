import type { SimApi, SimEvent } from "../api.ts";
import type { EventRecorder } from "./event-recorder.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { Pod } from "./objects.ts";
import type { Queue } from "./queue.ts";
import type { Timing } from "./timing.ts";

/** What every controller works with. All state is in the store: a controller can be stopped and started at any time. */
export type ControllerContext = {
  readonly api: SimApi;
  readonly seed: string;
  readonly timing: Timing;
  readonly events: EventRecorder;
  readonly podsByNode: ObjectIndex<Pod>;
  /** Pods without a controller, by namespace: candidates for adoption. */
  readonly podsWithoutController: ObjectIndex<Pod>;
  /** A queue whose errors are reported under the controller's name. */
  queue(controller: string, reconcile: (key: string) => number | undefined): Queue;
};

/** A running controller. */
export type Controller = {
  /** Called for each change in the store, before anything is reconciled. Must not write. */
  observe(event: SimEvent): void;
  /** Puts everything that is already there on the queue. */
  start(): void;
  stop(): void;
};
