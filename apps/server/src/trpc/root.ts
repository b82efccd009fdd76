import { clustersRouter } from "../clusters/router.ts";
import { liveRouter } from "../live/router.ts";
import { podsRouter } from "../pods/router.ts";
import { rolloutsRouter } from "../rollouts/router.ts";
import { sandboxRouter } from "../sandbox/router.ts";
import { setsRouter } from "../sets/router.ts";
import { systemRouter } from "../system/router.ts";
import { router } from "./init.ts";

export const appRouter = router({
  sets: setsRouter,
  rollouts: rolloutsRouter,
  clusters: clustersRouter,
  pods: podsRouter,
  sandbox: sandboxRouter,
  system: systemRouter,
  live: liveRouter,
});
export type AppRouter = typeof appRouter;
