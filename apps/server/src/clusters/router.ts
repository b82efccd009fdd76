import { CLUSTER_REMOVAL_MODES } from "@openpatio/core/model";
import { CLUSTER_NAME_LABEL } from "@openpatio/core/placement";
import { Labels } from "@openpatio/core/spec";
import { z } from "zod";
import { procedure, router } from "../trpc/init.ts";
import { ClusterKey, NodeKey, Text } from "../trpc/inputs.ts";

const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$/;

/** Labels as Kubernetes has them; the built-in one is not to be given. */
const ClusterLabels = Labels.refine(
  (labels) => Object.entries(labels).every(([key, value]) => LABEL_KEY.test(key) && LABEL_VALUE.test(value)),
  { message: "keys and values as labels in Kubernetes have them, e.g. region: eu" },
).refine((labels) => !(CLUSTER_NAME_LABEL in labels), {
  message: `every cluster has ${CLUSTER_NAME_LABEL}, which is its name; leave it out`,
});

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
  labels: ClusterLabels.optional(),
  /** Also when it belongs to another control plane, which stops there then. */
  takeOver: z.boolean().optional(),
});

export const clustersRouter = router({
  list: procedure.query(({ ctx }) => ctx.services.clusters.list()),
  get: procedure.input(ClusterKey).query(({ ctx, input }) => ctx.services.clusters.get(input.name)),
  register: procedure
    .input(Registration)
    .mutation(({ ctx, input }) => ctx.services.clusters.register(ctx.actor, input)),
  remove: procedure
    .input(ClusterKey.extend({ groups: z.enum([...CLUSTER_REMOVAL_MODES, "forget"]).optional() }))
    .mutation(({ ctx, input }) => ctx.services.clusters.remove(ctx.actor, input)),
  update: procedure
    .input(ClusterKey.extend({ labels: ClusterLabels }))
    .mutation(({ ctx, input }) => ctx.services.clusters.update(ctx.actor, input)),
  takeOver: procedure
    .input(ClusterKey)
    .mutation(({ ctx, input }) => ctx.services.clusters.takeOver(ctx.actor, input.name)),
  retry: procedure.input(ClusterKey).mutation(({ ctx, input }) => ctx.services.clusters.retry(input.name)),
  cordonNode: procedure
    .input(NodeKey)
    .mutation(({ ctx, input }) => ctx.services.clusters.cordonNode(ctx.actor, input, true)),
  uncordonNode: procedure
    .input(NodeKey)
    .mutation(({ ctx, input }) => ctx.services.clusters.cordonNode(ctx.actor, input, false)),
  drainNode: procedure.input(NodeKey).mutation(({ ctx, input }) => ctx.services.clusters.drainNode(ctx.actor, input)),
});
