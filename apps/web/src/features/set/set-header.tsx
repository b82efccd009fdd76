"use client";

import type { SetDetail } from "@openpatio/core/view";
import { Ellipsis, Trash2 } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { clusterPath } from "#lib/paths.ts";
import { IconButton } from "#ui/button.tsx";
import { PageHead, SimulatedTag, Tag } from "#ui/layout.tsx";
import { Menu, MenuItem } from "#ui/menu.tsx";
import { stateOfPhase } from "#ui/state.ts";
import { StateWord } from "#ui/state-glyph.tsx";
import { DeleteDialog } from "./delete-dialog.tsx";
import { doorOf } from "./door.ts";
import { EditButton } from "./edit-button.tsx";
import styles from "./set.module.css";

type SetHeaderProps = { readonly detail: SetDetail; readonly offReason: string | null };

/** Name, phase, where it runs, what is going on. */
export function SetHeader({ detail, offReason }: SetHeaderProps) {
  const [isDeleting, setDeleting] = useState(false);
  const { namespace, name } = detail;
  const door = doorOf(detail);
  return (
    <>
      <PageHead
        title={name}
        isName
        beside={
          <>
            <StateWord
              state={stateOfPhase(detail.phase)}
              isBoxed
              progress={detail.readyPods / Math.max(1, detail.pods)}
            >
              {detail.phase}
            </StateWord>
            <Tag>{namespace}</Tag>
            {detail.clusters.map((cluster) => (
              <Link key={cluster} href={clusterPath(cluster)} className={styles.tagLink}>
                <Tag>{cluster}</Tag>
              </Link>
            ))}
            {door !== null && (
              <span title={door.sentence}>
                <Tag>{door.word}</Tag>
              </span>
            )}
            {detail.isSimulated && <SimulatedTag />}
          </>
        }
        actions={
          <>
            <EditButton detail={detail} />
            <Menu
              trigger={
                <IconButton label="More actions" kind="plain">
                  <Ellipsis aria-hidden />
                </IconButton>
              }
            >
              <MenuItem
                icon={<Trash2 aria-hidden />}
                isDanger
                disabledReason={offReason ?? detail.readOnlyReason}
                onSelect={() => setDeleting(true)}
              >
                Delete set…
              </MenuItem>
            </Menu>
          </>
        }
      >
        {sentenceOf(detail)}
      </PageHead>
      <DeleteDialog detail={detail} isOpen={isDeleting} onOpenChange={setDeleting} />
    </>
  );
}

function sentenceOf(detail: SetDetail): string {
  // What is told right below, of the rollout or of who changes its fields, is not said twice.
  const isToldBelow =
    detail.message === detail.rollout.message || (detail.phase === "Ready" && detail.fights.length > 0);
  if (detail.message !== null && !isToldBelow) return detail.message;
  if (detail.replicas === 0) return "Scaled to zero: no group is asked for.";
  if (detail.readyGroups < detail.replicas)
    return `${detail.readyGroups} of ${formatPlural(detail.replicas, "group")} ready, ${revisionText(detail)}.`;
  const all = detail.replicas === 1 ? "The group is ready" : `All ${formatPlural(detail.replicas, "group")} ready`;
  return `${all}, ${formatPlural(detail.readyPods, "pod")} on ${formatPlural(detail.gpus, "GPU")}, ${revisionText(detail)}.`;
}

/** The one that runs, or how many groups have the newer one. */
function revisionText({ rollout, updateRevision }: SetDetail): string {
  const isMixed = rollout.isActive || rollout.heldBack > 0;
  return isMixed ? `${rollout.updatedGroups} on revision ${updateRevision}` : `revision ${updateRevision}`;
}
