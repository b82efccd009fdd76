"use client";

import type { PreviewView } from "@openpatio/core/view";
import dynamic from "next/dynamic";
import { useState } from "react";
import { EmptyState } from "#ui/empty-state.tsx";
import { SectionHead } from "#ui/layout.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { Skeleton } from "#ui/skeleton.tsx";
import styles from "./preview.module.css";

const TextDiff = dynamic(() => import("#ui/text-diff.tsx").then((module) => module.TextDiff), {
  ssr: false,
  loading: () => <Skeleton width={320} />,
});

/** The definition, or the objects of a cluster, before and after. */
export function PreviewChanges({ view }: { readonly view: PreviewView }) {
  const [what, setWhat] = useState<"spec" | "objects">("spec");
  const [picked, setPicked] = useState(0);
  const objects = view.objects.filter((object) => object.change !== "same" && object.before !== object.after);
  const object = objects[picked];
  return (
    <section aria-labelledby="preview-changes">
      <SectionHead
        id="preview-changes"
        title={what === "spec" ? "Definition" : "Objects"}
        note={what === "spec" ? specNote(view) : "of the first groups, as they are and as they will be"}
        isSeparated
      >
        <Segmented
          label="Difference of"
          size="dense"
          options={[
            { value: "spec", label: "Definition" },
            { value: "objects", label: "Objects" },
          ]}
          value={what}
          onChange={setWhat}
        />
      </SectionHead>
      {what === "spec" ? (
        <TextDiff
          before={view.specBefore}
          after={view.specAfter}
          beforeLabel="Stored definition"
          afterLabel="New definition"
        />
      ) : object === undefined ? (
        <EmptyState title="No object changes">The definition changes nothing in a cluster.</EmptyState>
      ) : (
        <div className={styles.objects}>
          <ul aria-label="Objects that change">
            {objects.map((each, i) => (
              <li key={`${each.cluster}/${each.kind}/${each.name}`}>
                <button type="button" aria-pressed={i === picked} onClick={() => setPicked(i)}>
                  <span className="mono">{each.name}</span>
                  <span>
                    {each.kind}, {each.change}
                  </span>
                </button>
              </li>
            ))}
          </ul>
          <TextDiff
            before={object.before}
            after={object.after}
            beforeLabel={`${object.name} as it is`}
            afterLabel={`${object.name} as it will be`}
          />
        </div>
      )}
    </section>
  );
}

function specNote(view: PreviewView): string {
  if (view.specBefore === "") return "all of it is new";
  return view.specBefore === view.specAfter ? "as it is stored" : "stored, and new";
}
