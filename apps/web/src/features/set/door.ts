import type { SetRow } from "@openpatio/core/view";

/** How a set came in, as a word beside its name and a sentence; null for one that was made in the console. */
export function doorOf({ home }: Pick<SetRow, "home">): { readonly word: string; readonly sentence: string } | null {
  if (home === null) return null;
  return {
    word: `kubectl · ${home}`,
    sentence: `Applied to cluster ${home} with kubectl. Its definition is kept there: what is changed here is written there, without comments.`,
  };
}
