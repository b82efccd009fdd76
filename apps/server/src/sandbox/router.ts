import { z } from "zod";
import { procedure, router } from "../trpc/init.ts";
import { NodeKey, PodKey } from "../trpc/inputs.ts";

const Cluster = z.object({ cluster: z.string().min(1) });

export const sandboxRouter = router({
  failContainer: procedure
    .input(PodKey.extend({ container: z.string().min(1).optional(), exitCode: z.int().min(0).max(255).default(137) }))
    .mutation(({ ctx, input }) => ctx.services.sandbox.failContainer(ctx.actor, input)),
  killPod: procedure.input(PodKey).mutation(({ ctx, input }) => ctx.services.sandbox.killPod(ctx.actor, input)),
  drainNode: procedure.input(NodeKey).mutation(({ ctx, input }) => ctx.services.sandbox.drainNode(ctx.actor, input)),
  cut: procedure
    .input(Cluster.extend({ cut: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.services.sandbox.cut(ctx.actor, input)),
  slow: procedure
    .input(Cluster.extend({ delayMs: z.int().min(0).max(60_000) }))
    .mutation(({ ctx, input }) => ctx.services.sandbox.slow(ctx.actor, input)),
});
