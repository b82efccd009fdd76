"use client";

import { usePathname, useSearchParams } from "next/navigation";
import { useCallback } from "react";

export type QueryChange = Readonly<Record<string, string | null>>;

/**
 * The page's query as state, so that a filtered view can be linked to. Changes replace the address without asking the
 * server for the page again.
 */
export function useQueryState(): readonly [URLSearchParams, (change: QueryChange) => void] {
  const query = useSearchParams();
  const path = usePathname();
  const change = useCallback(
    (next: QueryChange) => {
      const params = new URLSearchParams(location.search);
      for (const [key, value] of Object.entries(next)) {
        if (value === null || value === "") params.delete(key);
        else params.set(key, value);
      }
      const text = params.toString();
      history.replaceState(null, "", text === "" ? path : `${path}?${text}`);
    },
    [path],
  );
  return [query, change];
}
