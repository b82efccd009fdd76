"use client";

import type { GroupView, SetDetail } from "@openpatio/core/view";
import { keyOf } from "#lib/paths.ts";
import { EmptyState } from "#ui/empty-state.tsx";
import { Select } from "#ui/field.tsx";
import { SectionHead } from "#ui/layout.tsx";
import { DiscoveryView } from "./discovery-view.tsx";

type DiscoveryTabProps = {
  readonly detail: SetDetail;
  readonly groups: readonly GroupView[];
  readonly group: number | null;
  readonly onGroup: (group: number) => void;
};

/** The rendered discovery of any group. */
export function DiscoveryTab({ detail, groups, group, onGroup }: DiscoveryTabProps) {
  const sorted = groups.toSorted((a, b) => a.index - b.index);
  const shown = sorted.find((item) => item.index === group) ?? sorted[0];
  if (shown === undefined) {
    return <EmptyState title="This set has no groups.">Discovery is rendered for each group.</EmptyState>;
  }
  const replicas = detail.roles.map((role) => `${role.role}=${role.replicas}`).join(" ");
  return (
    <>
      {detail.entry !== null && (
        <SectionHead
          title="Entry"
          note={
            <>
              clients in the cluster reach the ready {detail.entry.role} pods of all groups at{" "}
              <code>{detail.entry.address}</code>
            </>
          }
        />
      )}
      <SectionHead
        title="Discovery"
        note="the same facts as file and as environment; scaling changes them, never a running pod"
      >
        <Select
          density="dense"
          aria-label="Group"
          value={shown.index}
          onChange={(event) => onGroup(Number(event.target.value))}
        >
          {sorted.map((item) => (
            <option key={item.index} value={item.index}>
              group {item.index}
            </option>
          ))}
        </Select>
      </SectionHead>
      <DiscoveryView
        set={keyOf(detail)}
        group={shown.index}
        version={`${detail.generation} ${shown.incarnation} ${replicas}`}
      />
    </>
  );
}
