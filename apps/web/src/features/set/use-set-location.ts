"use client";

import { useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";
import type { Selection } from "#features/topology/keyboard.ts";
import type { TopologyView } from "#features/topology/views.ts";
import { readSetLocation, type SetLocation, type SetTab } from "./set-location.ts";

export type SetNavigation = SetLocation & {
  readonly goToTab: (tab: SetTab) => void;
  readonly showView: (view: TopologyView) => void;
  readonly select: (selection: Selection) => void;
};

/** The part of the page's state that can be sent to somebody: it lives in the address and nowhere else. */
export function useSetLocation(): SetNavigation {
  const params = useSearchParams();
  const location = useMemo(() => readSetLocation(new URLSearchParams(params.toString())), [params]);
  const write = useCallback((changes: Readonly<Record<string, string | null>>, isStep: boolean) => {
    const next = new URLSearchParams(window.location.search);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) next.delete(key);
      else next.set(key, value);
    }
    const query = next.toString();
    const address = `${window.location.pathname}${query === "" ? "" : `?${query}`}`;
    if (isStep) window.history.pushState(null, "", address);
    else window.history.replaceState(null, "", address);
  }, []);
  const goToTab = useCallback((tab: SetTab) => write({ tab: tab === "topology" ? null : tab }, true), [write]);
  const showView = useCallback((view: TopologyView) => write({ view: view === "group" ? null : view }, false), [write]);
  const select = useCallback(
    ({ group, pod }: Selection) => write({ group: group === null ? null : String(group), pod }, false),
    [write],
  );
  return useMemo(() => ({ ...location, goToTab, showView, select }), [location, goToTab, showView, select]);
}
