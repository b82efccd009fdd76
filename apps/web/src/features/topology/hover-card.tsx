import type { ReactNode } from "react";
import { stateOfPhase, stateOfPod } from "#ui/state.ts";
import { StateWord } from "#ui/state-glyph.tsx";
import type { Hit } from "./layout.ts";
import type { TopologyModel } from "./model.ts";
import { GROUP_WORD, POD_WORD } from "./states.ts";
import styles from "./topology.module.css";

type HoverCardProps = {
  readonly hit: Hit;
  readonly model: TopologyModel;
  readonly x: number;
  readonly y: number;
  readonly frameW: number;
  readonly frameH: number;
};

const CARD_W = 248;
const CARD_H = 132;

/** A few facts beside the pointer. It never takes a click and never moves the picture. */
export function HoverCard({ hit, model, x, y, frameW, frameH }: HoverCardProps) {
  const left = x + 14 + CARD_W > frameW ? Math.max(4, x - CARD_W - 10) : x + 14;
  const top = y + 14 + CARD_H > frameH ? Math.max(4, y - CARD_H) : y + 14;
  return (
    <div className={styles.hover} style={{ left, top, width: CARD_W }} aria-hidden>
      {hoverFacts(hit, model)}
    </div>
  );
}

function hoverFacts(hit: Hit, model: TopologyModel): ReactNode {
  const pod = hit.cell?.pod ?? hit.other?.pod;
  if (pod !== undefined) {
    return (
      <>
        <b className="mono clip">{pod.name}</b>
        {hit.other === null ? (
          <StateWord state={stateOfPod(pod.state)} progress={pod.progress}>
            {POD_WORD[pod.state]}
          </StateWord>
        ) : (
          <span className="ink-3">{pod.set === null ? "not of a set" : `of set ${pod.set}`}</span>
        )}
        <dl>
          {pod.state !== "ready" && (
            <Fact name="why">{hit.cell?.isCause === true ? hit.cell.note : pod.stateText}</Fact>
          )}
          <Fact name="node">
            <span className="mono">{pod.node ?? "none"}</span>
          </Fact>
          <Fact name="GPUs">{pod.gpus}</Fact>
          {hit.cell !== null && <Fact name="inc">{pod.incarnation ?? "none"}</Fact>}
        </dl>
      </>
    );
  }
  const group = model.groups.find((item) => item.view.index === hit.group);
  if (group === undefined) return null;
  const { view } = group;
  return (
    <>
      <b className="mono clip">{view.name}</b>
      <StateWord state={stateOfPhase(view.phase)}>{GROUP_WORD[view.phase]}</StateWord>
      <dl>
        <Fact name="ready">
          {group.readyPods} of {group.wantedPods} pods
        </Fact>
        <Fact name="where">
          <span className="mono">
            {view.cluster === null
              ? "not placed"
              : view.domain === null
                ? view.cluster
                : `${view.cluster}/${view.domain}`}
          </span>
        </Fact>
        <Fact name="revision">{view.revision}</Fact>
        <Fact name="inc">{view.incarnation === 0 ? "none" : view.incarnation}</Fact>
      </dl>
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className="clip">{children}</dd>
    </>
  );
}
