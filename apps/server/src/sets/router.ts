import { z } from "zod";
import { procedure } from "../trpc/init.ts";
import { Index, Namespace, SetHome, SetKey, Text } from "../trpc/inputs.ts";

const Definition = z.object({
  yaml: Text,
  cluster: z.string().min(1).optional(),
  namespace: Namespace.optional(),
  home: SetHome,
});

/** Left out: wherever it would be placed anew. */
const MoveTarget = { cluster: z.string().min(1).optional(), domain: z.string().min(1).optional() };

/** A plain record: tRPC's `router()` refuses the key `apply`, which only a callable proxy would confuse. */
export const setsRouter = {
  validate: procedure.input(Definition).query(({ ctx, input }) => ctx.services.sets.validate(input)),
  preview: procedure.input(Definition).query(({ ctx, input }) => ctx.services.sets.preview(input)),
  apply: procedure
    .input(Definition.extend({ ifGeneration: z.int().min(0).optional() }))
    .mutation(({ ctx, input }) => ctx.services.sets.apply(ctx.actor, input)),
  list: procedure.query(({ ctx }) => ctx.services.sets.list()),
  get: procedure.input(SetKey).query(({ ctx, input }) => ctx.services.sets.get(input)),
  scale: procedure
    .input(SetKey.extend({ role: z.string().min(1).optional(), replicas: z.int().min(0).max(100_000) }))
    .mutation(({ ctx, input }) => ctx.services.sets.scale(ctx.actor, input)),
  delete: procedure
    .input(SetKey.extend({ orphan: z.boolean().default(false), deleteVolumes: z.boolean().default(false) }))
    .mutation(({ ctx, input }) => ctx.services.sets.delete(ctx.actor, input)),
  timeline: procedure
    .input(
      SetKey.extend({
        limit: z.int().min(1).max(500).default(100),
        before: z
          .string()
          .regex(/^\d{1,18}$/)
          .optional(),
      }),
    )
    .query(({ ctx, input }) => ctx.services.sets.timeline(input)),
  discovery: procedure
    .input(SetKey.extend({ group: Index }))
    .query(({ ctx, input }) => ctx.services.sets.discovery(input)),
  diff: procedure
    .input(SetKey.extend({ from: Index, to: Index }))
    .query(({ ctx, input }) => ctx.services.sets.diff(input)),
  retryNow: procedure
    .input(SetKey.extend({ group: Index }))
    .mutation(({ ctx, input }) => ctx.services.sets.retryNow(ctx.actor, input)),
  retakeFields: procedure.input(SetKey).mutation(({ ctx, input }) => ctx.services.sets.retakeFields(ctx.actor, input)),
  previewMove: procedure
    .input(SetKey.extend({ group: Index, ...MoveTarget }))
    .query(({ ctx, input }) => ctx.services.sets.previewMove(input)),
  move: procedure
    .input(SetKey.extend({ group: Index, ...MoveTarget, ifIncarnation: z.int().min(0).optional() }))
    .mutation(({ ctx, input }) => ctx.services.sets.move(ctx.actor, input)),
  import: procedure.input(z.object({ text: Text })).query(({ ctx, input }) => ctx.services.sets.import(input.text)),
  templates: procedure.query(({ ctx }) => ctx.services.sets.templates()),
};
