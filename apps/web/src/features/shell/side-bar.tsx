"use client";

import type { ClusterRow, SetRow } from "@openpatio/core/view";
import { History, Layers, LayoutDashboard, type LucideIcon, Server, Settings2 } from "lucide-react";
import Link from "next/link";
import { usePathname, useSearchParams } from "next/navigation";
import { useMemo } from "react";
import { useConnection, useLiveEntries } from "#lib/live.ts";
import { clusterPath, setPath } from "#lib/paths.ts";
import { stateOfHealth, stateOfPhase, stateRank } from "#ui/state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import styles from "./app-shell.module.css";
import { Logo } from "./brand.tsx";

const PAGES: readonly { readonly href: string; readonly label: string; readonly icon: LucideIcon }[] = [
  { href: "/", label: "Overview", icon: LayoutDashboard },
  { href: "/sets", label: "Sets", icon: Layers },
  { href: "/clusters", label: "Clusters", icon: Server },
  { href: "/activity", label: "Activity", icon: History },
  { href: "/settings", label: "Settings", icon: Settings2 },
];

/** Sets listed under the navigation: those in trouble first. */
const SETS_SHOWN = 8;

export function SideBar() {
  const path = usePathname();
  const sets = useLiveEntries("sets", "");
  const clusters = useLiveEntries("clusters", "");
  const attention = useLiveEntries("attention", "");
  const isStale = useConnection().status === "reconnecting";
  const counts: Readonly<Record<string, number>> = {
    "/": attention.length,
    "/sets": sets.length,
    "/clusters": clusters.length,
  };
  return (
    <nav className={styles.side} aria-label="Main" data-stale={isStale || undefined}>
      <Link className={styles.brand} href="/">
        <Logo />
        OpenPatio
      </Link>
      <div className={`${styles.nav} ${styles.mainNav}`}>
        {PAGES.map(({ href, label, icon: Icon }) => {
          const isHere = href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`);
          const count = counts[href] ?? 0;
          return (
            <Link key={href} href={href} aria-current={isHere ? "page" : undefined}>
              <Icon size={16} strokeWidth={1.75} aria-hidden />
              <span>{label}</span>
              {count > 0 && (
                <span className={styles.count}>
                  {count}
                  {href === "/" && <span className="sr-only"> need attention</span>}
                </span>
              )}
            </Link>
          );
        })}
      </div>
      <ClusterLinks clusters={clusters} path={path} />
      <SetLinks sets={sets} path={path} />
      <div className={styles.sideFoot}>
        <span>No sign-in: this machine only</span>
        <span>Times are UTC</span>
      </div>
    </nav>
  );
}

function ClusterLinks({ clusters, path }: { readonly clusters: readonly ClusterRow[]; readonly path: string }) {
  if (clusters.length === 0) return null;
  return (
    <>
      <h2>Clusters</h2>
      <div className={styles.nav}>
        {clusters.map((cluster) => (
          <Link
            key={cluster.name}
            href={clusterPath(cluster.name)}
            aria-current={path === clusterPath(cluster.name) ? "page" : undefined}
          >
            <StateGlyph state={stateOfHealth(cluster.health)} />
            <span className="mono clip">{cluster.name}</span>
            <span className={styles.count}>{noteOf(cluster)}</span>
          </Link>
        ))}
      </div>
    </>
  );
}

function noteOf(cluster: ClusterRow): string {
  if (cluster.health === "foreign") return "not ours";
  if (cluster.health !== "live") return cluster.health === "connecting" ? "connecting" : "stale";
  return `${Math.max(0, cluster.gpus - cluster.gpusUsed - cluster.gpusReserved - cluster.gpusCordoned)} free`;
}

function SetLinks({ sets, path }: { readonly sets: readonly SetRow[]; readonly path: string }) {
  const home = useSearchParams().get("home");
  const shown = useMemo(
    () =>
      sets
        .toSorted(
          (a, b) => stateRank(stateOfPhase(a.phase)) - stateRank(stateOfPhase(b.phase)) || (a.name < b.name ? -1 : 1),
        )
        .slice(0, SETS_SHOWN),
    [sets],
  );
  if (shown.length === 0) return null;
  return (
    <>
      <h2>Sets</h2>
      <div className={styles.nav}>
        {shown.map((set) => {
          const href = setPath(set);
          const isHere = path === setPath({ ...set, home: null }) && home === set.home;
          return (
            <Link key={href} href={href} aria-current={isHere ? "page" : undefined}>
              <StateGlyph state={set.isStale ? "stale" : stateOfPhase(set.phase)} />
              <span className="mono clip">{set.name}</span>
            </Link>
          );
        })}
      </div>
    </>
  );
}
