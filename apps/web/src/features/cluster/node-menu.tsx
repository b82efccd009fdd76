"use client";

import type { NodeView } from "@openpatio/core/view";
import { Ban, CircleCheck, Wrench } from "lucide-react";
import { type ReactElement, useState } from "react";
import { formatPercent, formatPlural } from "#lib/format.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { Menu, MenuInfo, MenuItem, MenuSeparator } from "#ui/menu.tsx";
import { showFailure, showToast } from "#ui/toast.tsx";

type NodeMenuProps = {
  readonly cluster: string;
  readonly node: NodeView;
  /** The button that opens it. */
  readonly children: ReactElement<Record<string, unknown>>;
};

/** What a node is and what can be done to it. */
export function NodeMenu({ cluster, node, children }: NodeMenuProps) {
  const api = useTRPCClient();
  const [isDraining, setDraining] = useState(false);
  const cordon = async (isCordoned: boolean) => {
    const key = { cluster, node: node.name };
    try {
      await (isCordoned ? api.clusters.cordonNode.mutate(key) : api.clusters.uncordonNode.mutate(key));
      showToast({
        title: `${isCordoned ? "Cordoned" : "Uncordoned"} ${node.name}`,
        ...(isCordoned && { description: "Its pods stay; it takes no new ones." }),
        undo: () => void cordon(!isCordoned),
      });
    } catch (error) {
      showFailure(`Could not ${isCordoned ? "cordon" : "uncordon"} ${node.name}`, error);
    }
  };
  return (
    <>
      <Menu trigger={children} align="start">
        <MenuInfo>
          <span className="mono strong">{node.name}</span>
          <br />
          {node.gpus === 0 ? "no GPUs" : `${node.gpusUsed} of ${node.gpus} GPUs held`}, {formatPlural(node.pods, "pod")}
          <br />
          cpu {formatPercent(node.cpuFraction)}, memory {formatPercent(node.memoryFraction)}
          {node.message !== null && (
            <>
              <br />
              {node.message}
            </>
          )}
        </MenuInfo>
        <MenuSeparator />
        {node.isCordoned ? (
          <MenuItem icon={<CircleCheck aria-hidden />} onSelect={() => void cordon(false)}>
            Uncordon
          </MenuItem>
        ) : (
          <MenuItem icon={<Ban aria-hidden />} onSelect={() => void cordon(true)}>
            Cordon
          </MenuItem>
        )}
        <MenuItem icon={<Wrench aria-hidden />} isDanger onSelect={() => setDraining(true)}>
          Drain…
        </MenuItem>
      </Menu>
      <ConfirmDialog
        isOpen={isDraining}
        onOpenChange={setDraining}
        title={
          <>
            Drain <span className="mono">{node.name}</span>
          </>
        }
        description={`The node takes no new pods, and its ${formatPlural(node.pods, "pod")} except those of DaemonSets are evicted. Groups that lose a pod recover as one, elsewhere if their rack no longer has room.`}
        confirmLabel="Drain node"
        isDanger
        onConfirm={async () => {
          const { evicted } = await api.clusters.drainNode.mutate({ cluster, node: node.name });
          showToast({ title: `Drained ${node.name}`, description: `${formatPlural(evicted, "pod")} evicted.` });
        }}
      />
    </>
  );
}
