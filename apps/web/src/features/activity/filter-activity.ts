import type { TimelineItem } from "@openpatio/core/view";

/** By what an event is about; the prefix of its kind. */
export const TOPICS = [
  { value: "set", label: "Sets", prefixes: ["set.", "scaled"] },
  { value: "group", label: "Groups", prefixes: ["group."] },
  { value: "rollout", label: "Rollouts", prefixes: ["rollout."] },
  { value: "object", label: "Objects and pods", prefixes: ["object.", "pod."] },
  { value: "cluster", label: "Clusters", prefixes: ["cluster.", "sandbox."] },
] as const;

export type ActivityFilter = {
  readonly text: string;
  /** Value of {@link TOPICS}; null = all. */
  readonly topic: string | null;
  readonly actor: string | null;
};

/** Newest first. Text is looked for in everything that is shown of an event. */
export function filterActivity(items: readonly TimelineItem[], filter: ActivityFilter): readonly TimelineItem[] {
  const text = filter.text.trim().toLowerCase();
  const prefixes: readonly string[] | undefined = TOPICS.find(({ value }) => value === filter.topic)?.prefixes;
  return items
    .filter(
      (item) =>
        (prefixes === undefined || prefixes.some((prefix) => item.kind.startsWith(prefix))) &&
        (filter.actor === null || item.actor === filter.actor) &&
        (text === "" || wordsOf(item).includes(text)),
    )
    .toSorted((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1));
}

function wordsOf(item: TimelineItem): string {
  const subject =
    item.set === null ? "" : `${item.namespace}/${item.set}${item.group === null ? "" : `-${item.group}`}`;
  return [item.actor, subject, item.cluster, item.cause, item.decision, ...item.actions].join(" ").toLowerCase();
}
