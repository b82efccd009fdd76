"use client";

import { Dialog } from "@base-ui/react/dialog";
import type { ClusterRow, SetRow } from "@openpatio/core/view";
import { Command } from "cmdk";
import {
  FileUp,
  History,
  Layers,
  LayoutDashboard,
  LayoutTemplate,
  Monitor,
  Moon,
  Plus,
  Search,
  Server,
  Settings2,
  Sun,
} from "lucide-react";
import { useRouter } from "next/navigation";
import { type ReactNode, useState } from "react";
import { useLiveEntries } from "#lib/live.ts";
import { clusterPath, clusterTopic, podPath, setPath } from "#lib/paths.ts";
import { applyTheme } from "#lib/theme.ts";
import { stateOfHealth, stateOfPhase, stateOfPod } from "#ui/state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import styles from "./command-palette.module.css";

const GO: readonly (readonly [href: string, label: string, icon: ReactNode])[] = [
  ["/", "Overview", <LayoutDashboard key="i" aria-hidden />],
  ["/sets", "Sets", <Layers key="i" aria-hidden />],
  ["/clusters", "Clusters", <Server key="i" aria-hidden />],
  ["/activity", "Activity", <History key="i" aria-hidden />],
  ["/settings", "Settings", <Settings2 key="i" aria-hidden />],
];

const BEGIN: readonly (readonly [href: string, label: string, icon: ReactNode])[] = [
  ["/sets/new", "New set", <Plus key="i" aria-hidden />],
  ["/sets/new?template=pick", "New set from a template", <LayoutTemplate key="i" aria-hidden />],
  ["/sets/new?import=1", "Import a file", <FileUp key="i" aria-hidden />],
  ["/clusters?register=1", "Register cluster", <Server key="i" aria-hidden />],
];

const THEMES = [
  ["light", "Theme: light", <Sun key="i" aria-hidden />],
  ["dark", "Theme: dark", <Moon key="i" aria-hidden />],
  ["system", "Theme: as the system", <Monitor key="i" aria-hidden />],
] as const;

/** Pods are looked for from this many letters on: a shorter text matches almost all of them. */
const POD_QUERY_LENGTH = 2;
const PODS_SHOWN = 8;

/** Jump to any set, cluster or pod; run what needs no place of its own. */
export function CommandPalette({ onClose }: { readonly onClose: () => void }) {
  const [query, setQuery] = useState("");
  const router = useRouter();
  const sets = useLiveEntries("sets", "");
  const clusters = useLiveEntries("clusters", "");
  const go = (href: string) => {
    onClose();
    router.push(href);
  };
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        <Dialog.Popup className={styles.popup}>
          <Dialog.Title className="sr-only">Search or jump</Dialog.Title>
          <Command label="Search or jump" loop>
            <div className={styles.inputRow}>
              <Search size={16} strokeWidth={1.75} aria-hidden />
              <Command.Input
                className={styles.input}
                value={query}
                onValueChange={setQuery}
                placeholder="Set, pod, cluster or action"
              />
            </div>
            <Command.List className={styles.list}>
              <Command.Empty className={styles.empty}>Nothing is called that.</Command.Empty>
              <SetItems sets={sets} onGo={go} />
              <ClusterItems clusters={clusters} onGo={go} />
              {query.trim().length >= POD_QUERY_LENGTH && (
                <Command.Group heading="Pods">
                  {clusters.map((cluster) => (
                    <PodItems key={cluster.name} cluster={cluster.name} query={query} onGo={go} />
                  ))}
                </Command.Group>
              )}
              <LinkItems heading="Begin" links={BEGIN} onGo={go} />
              <LinkItems heading="Go to" links={GO} onGo={go} />
              <Command.Group heading="Appearance">
                {THEMES.map(([theme, label, icon]) => (
                  <Command.Item
                    key={theme}
                    className={styles.item}
                    onSelect={() => {
                      applyTheme(theme);
                      onClose();
                    }}
                  >
                    {icon}
                    {label}
                  </Command.Item>
                ))}
              </Command.Group>
            </Command.List>
          </Command>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

type Go = (href: string) => void;

function LinkItems(props: { readonly heading: string; readonly links: typeof GO; readonly onGo: Go }) {
  return (
    <Command.Group heading={props.heading}>
      {props.links.map(([href, label, icon]) => (
        <Command.Item key={href} className={styles.item} onSelect={() => props.onGo(href)}>
          {icon}
          {label}
        </Command.Item>
      ))}
    </Command.Group>
  );
}

function SetItems({ sets, onGo }: { readonly sets: readonly SetRow[]; readonly onGo: Go }) {
  if (sets.length === 0) return null;
  return (
    <Command.Group heading="Sets">
      {sets.map((set) => (
        <Command.Item
          key={setPath(set)}
          value={`set ${set.namespace}/${set.name} ${set.home ?? ""}`}
          className={styles.item}
          onSelect={() => onGo(setPath(set))}
        >
          <StateGlyph state={set.isStale ? "stale" : stateOfPhase(set.phase)} />
          <span className="mono clip">{set.name}</span>
          <span className={styles.where}>{set.namespace}</span>
        </Command.Item>
      ))}
    </Command.Group>
  );
}

function ClusterItems({ clusters, onGo }: { readonly clusters: readonly ClusterRow[]; readonly onGo: Go }) {
  if (clusters.length === 0) return null;
  return (
    <Command.Group heading="Clusters">
      {clusters.map((cluster) => (
        <Command.Item
          key={cluster.name}
          value={`cluster ${cluster.name}`}
          className={styles.item}
          onSelect={() => onGo(clusterPath(cluster.name))}
        >
          <StateGlyph state={stateOfHealth(cluster.health)} />
          <span className="mono clip">{cluster.name}</span>
          <span className={styles.where}>{cluster.isSimulated ? "simulated" : cluster.version}</span>
        </Command.Item>
      ))}
    </Command.Group>
  );
}

function PodItems(props: { readonly cluster: string; readonly query: string; readonly onGo: Go }) {
  const pods = useLiveEntries(clusterTopic(props.cluster), "pod/");
  const wanted = props.query.trim().toLowerCase();
  const found = pods.filter((pod) => pod.set !== null && pod.name.includes(wanted)).slice(0, PODS_SHOWN);
  return found.map((pod) => (
    <Command.Item
      key={pod.uid}
      value={`pod ${pod.cluster} ${pod.namespace}/${pod.name}`}
      className={styles.item}
      onSelect={() =>
        pod.set !== null && props.onGo(podPath({ namespace: pod.namespace, name: pod.set, home: null }, pod.name))
      }
    >
      <StateGlyph state={stateOfPod(pod.state)} progress={pod.progress} />
      <span className="mono clip">{pod.name}</span>
      <span className={styles.where}>
        {pod.stateText}, {pod.cluster}
      </span>
    </Command.Item>
  ));
}
