import { z } from "zod";
import { procedure, router } from "../trpc/init.ts";
import { ClusterKey, NodeKey, Text } from "../trpc/inputs.ts";

const Registration = z.object({
  name: z
    .string()
    .max(63)
    .regex(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      "lower-case letters, digits and '-', at most 63, beginning and ending with a letter or digit",
    ),
  kubeconfig: Text,
  context: z.string().min(1).optional(),
});

export const clustersRouter = router({
  list: procedure.query(({ ctx }) => ctx.services.clusters.list()),
  get: procedure.input(ClusterKey).query(({ ctx, input }) => ctx.services.clusters.get(input.name)),
  register: procedure
    .input(Registration)
    .mutation(({ ctx, input }) => ctx.services.clusters.register(ctx.actor, input)),
  remove: procedure
    .input(ClusterKey.extend({ leaveBehind: z.boolean().default(false) }))
    .mutation(({ ctx, input }) => ctx.services.clusters.remove(ctx.actor, input)),
  retry: procedure.input(ClusterKey).mutation(({ ctx, input }) => ctx.services.clusters.retry(input.name)),
  cordonNode: procedure
    .input(NodeKey)
    .mutation(({ ctx, input }) => ctx.services.clusters.cordonNode(ctx.actor, input, true)),
  uncordonNode: procedure
    .input(NodeKey)
    .mutation(({ ctx, input }) => ctx.services.clusters.cordonNode(ctx.actor, input, false)),
  drainNode: procedure.input(NodeKey).mutation(({ ctx, input }) => ctx.services.clusters.drainNode(ctx.actor, input)),
});
