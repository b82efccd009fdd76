import { z } from "zod";

/** Names as Kubernetes allows them; what a name may be beyond that is judged where it is stored. */
const Name = z.string().min(1).max(253);

export const Namespace = z.string().min(1).max(63);
export const SetKey = z.object({ namespace: Namespace.default("default"), name: Name });
export type SetKey = z.infer<typeof SetKey>;
export const ClusterKey = z.object({ name: Name });
export const NodeKey = z.object({ cluster: Name, node: Name });
export const PodKey = z.object({ cluster: Name, namespace: Namespace.default("default"), pod: Name });
export type PodKey = z.infer<typeof PodKey>;
export const Index = z.int().min(0);
/** Text that a person pastes; the limit with its own message is the parser's, the body limit is the transport's. */
export const Text = z.string();
