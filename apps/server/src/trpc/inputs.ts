import { z } from "zod";

/**
 * What can be a name in Kubernetes at all; the rules of each kind are judged where it is stored. Names become parts of
 * the API server's URLs, where ".." for a pod would mean its namespace.
 */
const Name = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    "a name: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
  );

export const Namespace = Name.max(63);
/**
 * `home` is the cluster that the set was applied to with kubectl, null for one made in the console. Left out: the only
 * set of that name, the console's where there are several.
 */
export const SetHome = Name.nullable().optional();
export const SetKey = z.object({ namespace: Namespace.default("default"), name: Name, home: SetHome });
export type SetKey = z.infer<typeof SetKey>;
export const ClusterKey = z.object({ name: Name });
export const NodeKey = z.object({ cluster: Name, node: Name });
export const PodKey = z.object({ cluster: Name, namespace: Namespace.default("default"), pod: Name });
export type PodKey = z.infer<typeof PodKey>;
export const Index = z.int().min(0);
/** Text that a person pastes; the limit with its own message is the parser's, the body limit is the transport's. */
export const Text = z.string();
