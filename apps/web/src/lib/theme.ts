"use client";

import { useSyncExternalStore } from "react";
import { parseTheme, THEME_COOKIE, type Theme } from "./theme-cookie.ts";

const listeners = new Set<() => void>();
let version = 0;

function notify(): void {
  version += 1;
  for (const listener of listeners) listener();
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const maxAge = theme === "system" ? 0 : 31_536_000;
  document.cookie = `${THEME_COOKIE}=${theme}; path=/; max-age=${maxAge}; samesite=lax`;
  notify();
}

let systemTheme: MediaQueryList | null = null;

function subscribe(listener: () => void): () => void {
  if (systemTheme === null) {
    systemTheme = matchMedia("(prefers-color-scheme: dark)");
    systemTheme.addEventListener("change", notify);
  }
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The chosen theme; "system" while rendering on the server. */
export function useTheme(): Theme {
  return useSyncExternalStore(
    subscribe,
    () => parseTheme(document.documentElement.dataset.theme),
    () => "system",
  );
}

/** A number that rises whenever colours changed: a canvas resolves its tokens again. */
export function useThemeVersion(): number {
  return useSyncExternalStore(
    subscribe,
    () => version,
    () => 0,
  );
}
