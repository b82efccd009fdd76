"use client";

import { ChevronRight, Monitor, Moon, Search, Sun } from "lucide-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { usePathname, useSearchParams } from "next/navigation";
import { useEffect, useState, useSyncExternalStore } from "react";
import { formatExact } from "#lib/format.ts";
import { useConnection } from "#lib/live.ts";
import { applyTheme, useTheme } from "#lib/theme.ts";
import { KeyHint } from "#ui/key-hint.tsx";
import { Segmented } from "#ui/segmented.tsx";
import styles from "./app-shell.module.css";
import { crumbsOf } from "./breadcrumbs.ts";

const CommandPalette = dynamic(() => import("./command-palette.tsx").then((module) => module.CommandPalette), {
  ssr: false,
});

export function TopBar() {
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey) && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        setPaletteOpen((isOpen) => !isOpen);
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const hint = useCommandKey();
  return (
    <header className={styles.top}>
      <Breadcrumbs />
      <button
        type="button"
        className={styles.find}
        aria-label="Search or jump"
        aria-keyshortcuts="Meta+K Control+K"
        onClick={() => setPaletteOpen(true)}
      >
        <Search size={14} strokeWidth={1.75} aria-hidden />
        <span>Search or jump…</span>
        <KeyHint>{hint}</KeyHint>
      </button>
      <ConnectionMark />
      <ThemeSwitch />
      {isPaletteOpen && <CommandPalette onClose={() => setPaletteOpen(false)} />}
    </header>
  );
}

function Breadcrumbs() {
  const crumbs = crumbsOf(usePathname(), useSearchParams().get("home"));
  return (
    <nav aria-label="Breadcrumbs" className="clip">
      <ol className={styles.crumbs}>
        {crumbs.map((crumb, index) => (
          <li key={crumb.label}>
            {index > 0 && <ChevronRight size={12} strokeWidth={1.75} aria-hidden />}
            {index === crumbs.length - 1 || crumb.href === null ? (
              <span aria-current="page" className={crumb.isName ? "mono clip" : "clip"}>
                {crumb.label}
              </span>
            ) : (
              <Link href={crumb.href} className={crumb.isName ? "mono" : undefined}>
                {crumb.label}
              </Link>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

const CONNECTION_WORD = { connecting: "Connecting", live: "Live", reconnecting: "Not live" } as const;

function ConnectionMark() {
  const { status, lastEventMs } = useConnection();
  return (
    <span
      className={styles.live}
      data-status={status}
      title={lastEventMs === null ? undefined : `Last change received ${formatExact(lastEventMs)}`}
    >
      {CONNECTION_WORD[status]}
    </span>
  );
}

const THEME_OPTIONS = [
  { value: "light", label: "Light", icon: <Sun aria-hidden /> },
  { value: "dark", label: "Dark", icon: <Moon aria-hidden /> },
  { value: "system", label: "As the system", icon: <Monitor aria-hidden /> },
] as const;

function ThemeSwitch() {
  return (
    <Segmented label="Theme" options={THEME_OPTIONS} value={useTheme()} onChange={applyTheme} size="dense" isIconOnly />
  );
}

const noSubscription = () => () => {};

function useCommandKey(): string {
  return useSyncExternalStore(
    noSubscription,
    () => (/Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘K" : "Ctrl K"),
    () => "⌘K",
  );
}
