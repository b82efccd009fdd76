"use client";

import type { RoleView, SetDetail } from "@openpatio/core/view";
import { formatCount } from "#lib/format.ts";
import { keyOf } from "#lib/paths.ts";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { Stepper } from "#ui/stepper.tsx";
import styles from "./set.module.css";
import { useScale } from "./use-scale.ts";

type ScaleControlsProps = {
  readonly detail: SetDetail;
  /** Steppers are off while there is nobody to tell. */
  readonly isOff: boolean;
};

/** Wanted in the steppers, got below them: the number of groups, and of each role's pods in every group. */
export function ScaleControls({ detail, isOff }: ScaleControlsProps) {
  return (
    <section className={styles.scales} aria-label="Scale">
      <GroupStepper detail={detail} isOff={isOff} />
      {detail.roles.map((role) => (
        <RoleStepper key={role.role} detail={detail} role={role} isOff={isOff} />
      ))}
    </section>
  );
}

function GroupStepper({ detail, isOff }: ScaleControlsProps) {
  const scale = useScale({ set: keyOf(detail), role: null }, detail.replicas);
  return (
    <div className={styles.scale}>
      <h2>Groups</h2>
      <Stepper
        label="groups"
        value={scale.value}
        onChange={scale.want}
        disabled={isOff}
        got={`${formatCount(detail.readyGroups)} of ${formatCount(detail.replicas)} ready`}
      />
      <ConfirmDialog
        isOpen={scale.zeroFrom !== null}
        onOpenChange={(isOpen) => {
          if (!isOpen) scale.cancelZero();
        }}
        title="Stop every group"
        description={`All ${formatCount(detail.replicas)} groups of ${detail.name} stop, in reverse order of their roles, and ${formatCount(detail.pods)} pods end. The set and its definition stay.`}
        confirmLabel="Scale to zero"
        isDanger
        typedName={detail.name}
        onConfirm={scale.confirmZero}
      />
    </div>
  );
}

function RoleStepper({ detail, role, isOff }: ScaleControlsProps & { readonly role: RoleView }) {
  const scale = useScale({ set: keyOf(detail), role: role.role }, role.replicas);
  return (
    <div className={styles.scale}>
      <h2 title={`${role.kind}, ${role.image}`}>
        <span className="mono">{role.role}</span>
      </h2>
      <Stepper
        label={`${role.role} pods per group`}
        value={scale.value}
        onChange={scale.want}
        disabled={isOff || role.isExternal}
        got={`${role.isExternal ? "by an outside autoscaler, " : ""}${formatCount(role.readyPods)} of ${formatCount(role.wantedPods)} ready`}
      />
    </div>
  );
}
