import { z } from "zod";
import { procedure, router } from "../trpc/init.ts";

const Watch = z.object({
  topics: z.array(z.string().min(1).max(400)).min(1).max(50),
  /** Last sequence seen per topic: what came after it is sent instead of a snapshot, if it is still there. */
  since: z.record(z.string(), z.number()).default({}),
});

export const liveRouter = router({
  watch: procedure
    .input(Watch)
    .subscription(({ ctx, input, signal }) =>
      ctx.services.live.watch(input.topics, input.since, ctx.bufferedBytes, signal),
    ),
});
