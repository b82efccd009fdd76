import type { TimelineItem } from "@openpatio/core/view";
import Link from "next/link";
import { clusterPath, groupPath, setPath } from "#lib/paths.ts";
import { STATE_OF_KIND } from "#lib/timeline-state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import { ClockTime } from "#ui/time.tsx";
import styles from "./feed.module.css";

/** Events as a narrow column, newest first. */
export function Feed({ items }: { readonly items: readonly TimelineItem[] }) {
  return (
    <ol className={styles.feed}>
      {items.map((item) => (
        <li key={item.id}>
          <ClockTime atMs={item.atMs} />
          <EventMark kind={item.kind} />
          <div className={styles.words}>
            <span className={styles.actor}>{item.actor}</span> <EventSubject item={item} /> {item.decision}
            {item.cause !== null && <div className={styles.cause}>{item.cause}</div>}
          </div>
        </li>
      ))}
    </ol>
  );
}

export function EventMark({ kind }: { readonly kind: TimelineItem["kind"] }) {
  const state = STATE_OF_KIND[kind];
  if (state === null) return <i className={styles.dot} aria-hidden />;
  return <StateGlyph state={state} size={10} className={styles.glyph} />;
}

/** What an event is about, as a link to it; nothing when it is about the whole console. */
export function EventSubject({ item }: { readonly item: TimelineItem }) {
  if (item.set !== null && item.namespace !== null) {
    const set = { namespace: item.namespace, name: item.set, home: item.home };
    const isGroup = item.group !== null;
    return (
      <Link className="mono link" href={isGroup ? groupPath(set, item.group) : setPath(set)}>
        {isGroup ? `${item.set}-${item.group}` : item.set}
      </Link>
    );
  }
  if (item.cluster !== null) {
    return (
      <Link className="mono link" href={clusterPath(item.cluster)}>
        {item.cluster}
      </Link>
    );
  }
  return null;
}
