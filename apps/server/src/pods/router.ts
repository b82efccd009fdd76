import { z } from "zod";
import { procedure, router } from "../trpc/init.ts";
import { PodKey } from "../trpc/inputs.ts";

const Logs = PodKey.extend({
  container: z.string().min(1).optional(),
  previous: z.boolean().default(false),
  tailLines: z.int().min(0).max(10_000).default(500),
});

export const podsRouter = router({
  get: procedure.input(PodKey).query(({ ctx, input }) => ctx.services.pods.get(input)),
  logs: procedure.input(Logs).query(({ ctx, input, signal }) => ctx.services.pods.logs(input, signal)),
  followLogs: procedure
    .input(Logs)
    .subscription(({ ctx, input, signal }) => ctx.services.pods.followLogs(input, ctx.bufferedBytes, signal)),
  delete: procedure
    .input(PodKey.extend({ force: z.boolean().default(false), uid: z.string().min(1).optional() }))
    .mutation(({ ctx, input }) => ctx.services.pods.delete(ctx.actor, input)),
});
