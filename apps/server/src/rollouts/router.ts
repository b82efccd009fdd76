import { z } from "zod";
import { procedure, router } from "../trpc/init.ts";
import { Index, SetKey } from "../trpc/inputs.ts";

export const rolloutsRouter = router({
  pause: procedure.input(SetKey).mutation(({ ctx, input }) => ctx.services.rollouts.pause(ctx.actor, input)),
  resume: procedure.input(SetKey).mutation(({ ctx, input }) => ctx.services.rollouts.resume(ctx.actor, input)),
  restart: procedure.input(SetKey).mutation(({ ctx, input }) => ctx.services.rollouts.restart(ctx.actor, input)),
  abort: procedure.input(SetKey).mutation(({ ctx, input }) => ctx.services.rollouts.abort(ctx.actor, input)),
  promote: procedure
    .input(SetKey.extend({ partition: Index.default(0) }))
    .mutation(({ ctx, input }) => ctx.services.rollouts.promote(ctx.actor, input)),
  rollback: procedure
    .input(SetKey.extend({ revision: z.int().min(1) }))
    .mutation(({ ctx, input }) => ctx.services.rollouts.rollback(ctx.actor, input)),
});
