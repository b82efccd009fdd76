"use client";

import type { GroupView, PodView, SetDetail } from "@openpatio/core/view";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { SandboxBar } from "#features/sandbox/sandbox-bar.tsx";
import { NOTHING, type Selection } from "#features/topology/keyboard.ts";
import { prepareTopology, type TopologyModel } from "#features/topology/model.ts";
import { Topology } from "#features/topology/topology.tsx";
import { useConnection, useLiveEntries, useLiveEntry, useLiveStatus } from "#lib/live.ts";
import { setTopic } from "#lib/paths.ts";
import { ButtonLink } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { Tabs } from "#ui/tabs.tsx";
import { DiscoveryTab } from "./discovery-tab.tsx";
import { FightBanner } from "./fight-banner.tsx";
import { GroupPanel } from "./group-panel.tsx";
import { GroupsTab } from "./groups-tab.tsx";
import { PodPanel, type PodSection } from "./pod-panel.tsx";
import { RolloutControls } from "./rollout-controls.tsx";
import { RolloutsTab } from "./rollouts-tab.tsx";
import { ScaleControls } from "./scale-controls.tsx";
import styles from "./set.module.css";
import { SetHeader } from "./set-header.tsx";
import { SetPanel } from "./set-panel.tsx";
import { SetSkeleton } from "./set-skeleton.tsx";
import { TimelineTab } from "./timeline-tab.tsx";
import { type SetNavigation, useSetLocation } from "./use-set-location.ts";
import { YamlTab } from "./yaml-tab.tsx";

type SetPageProps = {
  readonly namespace: string;
  readonly name: string;
  /** From the address; absent: whichever set of that name there is. */
  readonly home: string | undefined;
};

/**
 * One set, live. Data: the topic set/<namespace>/<name>[/<home>]. Where the reader is (tab, arrangement, selection) is in the
 * address. What is wanted is sent by the controls; what is there comes back through the topic, never from an answer.
 */
export function SetPage({ namespace, name, home }: SetPageProps) {
  const topic = setTopic(namespace, name, home);
  const status = useLiveStatus(topic);
  const detail = useLiveEntry(topic, "set");
  const groups = useLiveEntries(topic, "group/");
  const pods = useLiveEntries(topic, "pod/");
  if (status === "gone") return <Gone namespace={namespace} name={name} home={home} wasThere={detail !== undefined} />;
  if (detail === undefined) return <SetSkeleton name={name} />;
  return <LoadedSet detail={detail} groups={groups} pods={pods} />;
}

function Gone({ namespace, name, wasThere }: SetPageProps & { readonly wasThere: boolean }) {
  return (
    <EmptyState
      title={wasThere ? `${name} was deleted.` : `There is no set ${name} in ${namespace}.`}
      actions={
        <>
          <ButtonLink href="/sets" kind="primary">
            All sets
          </ButtonLink>
          <ButtonLink href="/activity">Activity</ButtonLink>
        </>
      }
    >
      {wasThere
        ? "Its groups have stopped, and nothing of it is left in a cluster. What happened stands in the activity log."
        : "It was deleted, or the address is wrong."}
    </EmptyState>
  );
}

type LoadedSetProps = {
  readonly detail: SetDetail;
  readonly groups: readonly GroupView[];
  readonly pods: readonly PodView[];
};

function LoadedSet({ detail, groups, pods }: LoadedSetProps) {
  const navigation = useSetLocation();
  const connection = useConnection();
  const isLost = connection.status === "reconnecting";
  const offReason = isLost ? "Not connected to the server" : detail.isDeleting ? "The set is being deleted" : null;
  const model = useMemo(() => prepareTopology(detail, groups, pods), [detail, groups, pods]);
  const { select, selection, tab, goToTab } = navigation;
  const selectGroup = useCallback((group: number) => select({ group, pod: null }), [select]);
  return (
    <div className={styles.page}>
      <SetHeader detail={detail} offReason={offReason} />
      {detail.isSimulated &&
        detail.clusters.map((cluster) => (
          <SandboxBar key={cluster} cluster={cluster} set={{ namespace: detail.namespace, name: detail.name }} />
        ))}
      <FightBanner detail={detail} offReason={offReason} />
      <div className={styles.controls}>
        <ScaleControls detail={detail} isOff={offReason !== null} />
        <RolloutControls detail={detail} groups={groups} offReason={offReason} onSelectGroup={selectGroup} />
      </div>
      <Tabs
        label="Set views"
        value={tab}
        onChange={goToTab}
        items={[
          { value: "topology", label: "Topology" },
          { value: "groups", label: "Groups", count: detail.replicas },
          { value: "rollouts", label: "Rollouts", count: detail.revisions.length },
          { value: "timeline", label: "Timeline" },
          { value: "discovery", label: "Discovery" },
          { value: "yaml", label: "YAML" },
        ]}
      >
        {(tab === "topology" || tab === "groups") && (
          <TopologyTab detail={detail} groups={groups} model={model} navigation={navigation} offReason={offReason} />
        )}
        {tab === "rollouts" && <RolloutsTab detail={detail} offReason={offReason} />}
        {tab === "timeline" && (
          <TimelineTab detail={detail} group={selection.group} onGroup={(group) => select({ group, pod: null })} />
        )}
        {tab === "discovery" && (
          <DiscoveryTab detail={detail} groups={groups} group={selection.group} onGroup={selectGroup} />
        )}
        {tab === "yaml" && <YamlTab detail={detail} />}
      </Tabs>
    </div>
  );
}

type TopologyTabProps = Omit<LoadedSetProps, "pods"> & {
  readonly model: TopologyModel;
  readonly navigation: SetNavigation;
  readonly offReason: string | null;
};

/** Picture (or table) of the groups, and the panel of what is selected in it. */
function TopologyTab({ detail, groups, model, navigation, offReason }: TopologyTabProps) {
  const { view, showView, select, tab } = navigation;
  const [section, setSection] = useState<PodSection>("facts");
  const panelRef = useRef<HTMLElement>(null);
  const selection = resolveSelection(model, navigation.selection);
  const group = model.groups.find((item) => item.view.index === selection.group);
  const cell = group?.roles.flatMap((role) => role.cells).find((item) => item.pod.name === selection.pod);
  const isOpen = group !== undefined;
  const focusPanel = useCallback(() => {
    panelRef.current?.querySelector<HTMLElement>("[data-panel-title]")?.focus();
  }, []);
  const close = useCallback(() => select(NOTHING), [select]);

  useEffect(() => {
    if (!isOpen) return undefined;
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (event.key === "Escape" && panelRef.current?.contains(document.activeElement) === true) close();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [isOpen, close]);

  return (
    <div
      className={styles.body}
      data-alone={(tab === "groups" && !isOpen) || undefined}
      data-wide={(cell !== undefined && section !== "facts") || undefined}
    >
      {tab === "topology" ? (
        <Topology
          detail={detail}
          groups={groups}
          model={model}
          view={view}
          onView={showView}
          selection={selection}
          onSelect={select}
          onOpen={focusPanel}
        />
      ) : (
        <GroupsTab model={model} selected={selection.group} onSelect={(index) => select({ group: index, pod: null })} />
      )}
      {(tab === "topology" || isOpen) && (
        <aside ref={panelRef} className={styles.panel} data-open={isOpen || undefined} aria-label="Details">
          {group === undefined ? (
            <SetPanel detail={detail} model={model} onSelectGroup={(index) => select({ group: index, pod: null })} />
          ) : cell === undefined ? (
            <GroupPanel
              detail={detail}
              group={group}
              offReason={offReason}
              onSelectPod={(pod) => select({ group: group.view.index, pod })}
              onClose={close}
            />
          ) : (
            <PodPanel
              detail={detail}
              group={group.view}
              cell={cell}
              section={section}
              onSection={setSection}
              offReason={offReason}
              onSelectGroup={() => select({ group: group.view.index, pod: null })}
              onClose={close}
            />
          )}
        </aside>
      )}
    </div>
  );
}

/** A link may name a pod alone; its group is looked up. A pod that has gone leaves its group selected. */
function resolveSelection(model: TopologyModel, { group, pod }: Selection): Selection {
  if (pod === null) return { group, pod };
  for (const box of model.groups) {
    for (const role of box.roles) {
      if (role.cells.some((cell) => cell.pod.name === pod)) return { group: box.view.index, pod };
    }
  }
  return { group, pod: null };
}
