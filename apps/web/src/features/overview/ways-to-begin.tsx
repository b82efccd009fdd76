import { ClipboardPaste, FileUp, LayoutTemplate } from "lucide-react";
import Link from "next/link";
import styles from "./overview.module.css";

const WAYS = [
  {
    href: "/sets/new",
    icon: ClipboardPaste,
    title: "Paste YAML",
    text: "A RoleBasedGroupSet that you have, or write one beside its drawing. Problems are marked as you type.",
  },
  {
    href: "/sets/new?template=pick",
    icon: LayoutTemplate,
    title: "Start from a template",
    text: "Aggregated, prefill and decode, or router, prefill and decode: change the image and it runs.",
  },
  {
    href: "/sets/new?import=1",
    icon: FileUp,
    title: "Import a file",
    text: "workloads.x-k8s.io sets and groups too. What had to be rewritten is listed, nothing is dropped in silence.",
  },
] as const;

/** The empty console: what a set is and three ways to the first one. */
export function WaysToBegin() {
  return (
    <section aria-labelledby="begin">
      <div className={styles.intro}>
        <h2 id="begin">Begin with a set</h2>
        <p>
          A set is a number of identical groups. A group is everything one serving unit needs, such as router, prefill
          and decode: it is placed as one, starts in order and recovers as one. Nothing is written to a cluster before
          you have seen the preview.
        </p>
      </div>
      <div className={styles.ways}>
        {WAYS.map(({ href, icon: Icon, title, text }) => (
          <Link key={href} href={href} className={styles.way}>
            <Icon size={16} strokeWidth={1.75} aria-hidden />
            <span className={styles.wayTitle}>{title}</span>
            <span className={styles.wayText}>{text}</span>
          </Link>
        ))}
      </div>
    </section>
  );
}
