"use client";

import { useQuery } from "@tanstack/react-query";
import { Monitor, Moon, Sun } from "lucide-react";
import { toFailure } from "#lib/errors.ts";
import { applyTheme, useTheme } from "#lib/theme.ts";
import { useTRPC } from "#lib/trpc.tsx";
import { KeyHint } from "#ui/key-hint.tsx";
import { KeyValues } from "#ui/key-values.tsx";
import { PageHead, SectionHead } from "#ui/layout.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { RelativeTime } from "#ui/time.tsx";
import styles from "./settings-page.module.css";

const THEMES = [
  { value: "light", label: "Light", icon: <Sun aria-hidden /> },
  { value: "dark", label: "Dark", icon: <Moon aria-hidden /> },
  { value: "system", label: "As the system", icon: <Monitor aria-hidden /> },
] as const;

export function SettingsPage() {
  return (
    <>
      <PageHead title="Settings" />
      <section aria-labelledby="appearance">
        <SectionHead title="Appearance" id="appearance" />
        <div className={styles.pad}>
          <div>
            <Segmented label="Theme of this browser" options={THEMES} value={useTheme()} onChange={applyTheme} />
          </div>
          <p className="ink-2">
            Kept in this browser. The palette that jumps anywhere opens with <KeyHint>⌘K</KeyHint> or{" "}
            <KeyHint>Ctrl K</KeyHint>.
          </p>
        </div>
      </section>
      <section aria-labelledby="about">
        <SectionHead title="About" id="about" isSeparated />
        <div className={styles.pad}>
          <About />
        </div>
      </section>
    </>
  );
}

function About() {
  const info = useQuery(useTRPC().system.info.queryOptions());
  if (info.isPending) return <SkeletonRows label="Waiting for the server" count={3} widths={[80, 200]} />;
  if (info.isError) return <ProblemList failure={toFailure(info.error)} />;
  const { version, startedAtMs, node, host, isSandboxOn, isReconciling } = info.data;
  return (
    <KeyValues
      pairs={[
        ["version", version],
        ["running for", <RelativeTime key="started" atMs={startedAtMs} form="full" />],
        [
          "listens on",
          <span key="host">
            <span className="mono">{host}</span>, this machine only: there is no sign-in yet
          </span>,
        ],
        ["reconciles", isReconciling ? "yes, this server" : "no, another server works on this database"],
        ["sandbox", isSandboxOn ? "on" : "off"],
        ["Node.js", node],
      ]}
    />
  );
}
