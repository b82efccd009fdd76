import type { ResourceAmounts } from "../model/index.ts";

/** Device plugins name their resource `<vendor>/gpu` (nvidia, amd) or by a family of the same vendor (MIG, Gaudi, i915). */
const GPU_RESOURCE = /\/(gpu|mig-.+|gaudi|i915|xe|npu|tpu)$/;

/** How many accelerators these amounts hold, over all vendors. */
export function gpusOf(amounts: ResourceAmounts): number {
  let total = 0;
  for (const [resource, amount] of Object.entries(amounts)) if (GPU_RESOURCE.test(resource)) total += amount;
  return total;
}
