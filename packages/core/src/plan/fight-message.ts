import type { FieldFight, GroupState } from "../model/index.ts";

/** What others keep changing of a group, and what ends that; null when nobody does. */
export function groupFightMessage({ restorations }: Pick<GroupState, "restorations">): string | null {
  const [first] = restorations.flatMap(({ object, fight }) => (fight === null ? [] : [{ object, fight }]));
  return first === undefined ? null : fightMessage(first);
}

export function fightMessage({ object, fight }: { readonly object: string; readonly fight: FieldFight }): string {
  return `${fight.manager ?? "Another manager"} keeps changing ${fight.field} of ${object.replace("/", " ")}: it was put back twice within 10 minutes and is left as it is. Take it back when the other one has stopped; without a change for 10 minutes that is tried once.`;
}
