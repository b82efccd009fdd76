"use client";

import type { PodView } from "@openpatio/core/view";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, Download, Pause, Play } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { toFailure } from "#lib/errors.ts";
import { formatPlural } from "#lib/format.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button, IconButton } from "#ui/button.tsx";
import { Input, Select } from "#ui/field.tsx";
import { appendLines, EMPTY_LOG, type LogBuffer, matchLines } from "./log-buffer.ts";
import styles from "./logs.module.css";

const LINE_H = 18;
const TAIL_LINES = 1_000;

type Stream =
  | { readonly status: "opening" | "following" | "ended" }
  | { readonly status: "failed"; readonly message: string };

/** Lines of one container as they come; a paused view keeps collecting and shows them on resume. */
export function PodLogs({ pod }: { readonly pod: PodView }) {
  const containers = pod.containers.map((container) => container.name);
  const [container, setContainer] = useState<string | null>(null);
  const [isPrevious, setPrevious] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const main = pod.containers.find((item) => item.kind === "main")?.name;
  const chosen = container !== null && containers.includes(container) ? container : (main ?? containers[0] ?? null);
  if (chosen === null) return <p className={styles.empty}>No container has been created yet.</p>;
  return (
    <LogStream
      key={`${chosen} ${isPrevious} ${attempt}`}
      pod={pod}
      container={chosen}
      isPrevious={isPrevious}
      onAskAgain={() => setAttempt(attempt + 1)}
    >
      <Select
        density="dense"
        aria-label="Container"
        value={chosen}
        onChange={(event) => setContainer(event.target.value)}
      >
        {containers.map((item) => (
          <option key={item}>{item}</option>
        ))}
      </Select>
      <label className={styles.previous}>
        <input type="checkbox" checked={isPrevious} onChange={(event) => setPrevious(event.target.checked)} />
        previous
      </label>
    </LogStream>
  );
}

type LogStreamProps = {
  readonly pod: PodView;
  readonly container: string;
  /** The container's life before the present one: read once, there is nothing to follow. */
  readonly isPrevious: boolean;
  readonly onAskAgain: () => void;
  /** Choice of container. */
  readonly children: ReactNode;
};

function LogStream({ pod, container, isPrevious, onAskAgain, children }: LogStreamProps) {
  const client = useTRPCClient();
  const [buffer, setBuffer] = useState<LogBuffer>(EMPTY_LOG);
  const [held, setHeld] = useState<LogBuffer | null>(null);
  const [stream, setStream] = useState<Stream>({ status: "opening" });
  const [search, setSearch] = useState("");
  const { cluster, namespace, name } = pod;

  useEffect(() => {
    const input = { cluster, namespace, pod: name, container, previous: isPrevious, tailLines: TAIL_LINES };
    if (isPrevious) {
      const asked = new AbortController();
      client.pods.logs.query(input, { signal: asked.signal }).then(
        (answer) => {
          setBuffer(appendLines(EMPTY_LOG, answer.lines, 0));
          setStream({ status: "ended" });
        },
        (error: unknown) => {
          if (!asked.signal.aborted) setStream({ status: "failed", message: toFailure(error).message });
        },
      );
      return () => asked.abort();
    }
    const subscription = client.pods.followLogs.subscribe(input, {
      onStarted: () => setStream({ status: "following" }),
      onData: ({ lines, skipped }) => setBuffer((before) => appendLines(before, lines, skipped)),
      onError: (error) => setStream({ status: "failed", message: toFailure(error).message }),
      onComplete: () => setStream({ status: "ended" }),
    });
    return () => subscription.unsubscribe();
  }, [client, cluster, namespace, name, container, isPrevious]);

  const shown = held ?? buffer;
  const lines = useMemo(() => matchLines(shown, search), [shown, search]);
  const waiting = held === null ? 0 : buffer.total - held.total;

  return (
    <div className={styles.logs}>
      <div className={styles.tools}>
        {children}
        <Input
          density="dense"
          type="search"
          aria-label="Search in the log"
          placeholder="Search"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <IconButton
          label={held === null ? "Pause" : "Resume"}
          size="dense"
          disabledReason={isPrevious ? "The previous container writes nothing more" : null}
          onClick={() => setHeld(held === null ? buffer : null)}
        >
          {held === null ? <Pause aria-hidden /> : <Play aria-hidden />}
        </IconButton>
        <IconButton
          label="Download"
          size="dense"
          disabledReason={buffer.lines.length === 0 ? "There are no lines" : null}
          onClick={() => download(`${name}-${container}${isPrevious ? "-previous" : ""}.log`, buffer.lines)}
        >
          <Download aria-hidden />
        </IconButton>
      </div>
      <LogLines lines={lines} search={search} isHeld={held !== null} />
      <div className={styles.status}>
        <span aria-live="polite">{statusText(stream, buffer, lines.length, search)}</span>
        {waiting > 0 && <span className="ink-3">{formatPlural(waiting, "new line")}</span>}
        {(stream.status === "failed" || stream.status === "ended") && (
          <Button size="dense" onClick={onAskAgain}>
            Ask again
          </Button>
        )}
      </div>
    </div>
  );
}

function statusText(stream: Stream, buffer: LogBuffer, matches: number, search: string): string {
  if (stream.status === "failed") return stream.message;
  const count =
    search === ""
      ? formatPlural(buffer.lines.length, "line")
      : `${matches} of ${formatPlural(buffer.lines.length, "line")}`;
  const skipped = buffer.skipped > 0 ? `, ${formatPlural(buffer.skipped, "line")} skipped` : "";
  if (stream.status === "opening") return "Asking the cluster for the log";
  return `${count}${skipped}${stream.status === "following" ? ", following" : ", ended"}`;
}

type LogLinesProps = { readonly lines: readonly string[]; readonly search: string; readonly isHeld: boolean };

function LogLines({ lines, search, isHeld }: LogLinesProps) {
  const scrollRef = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  // oxlint-disable-next-line react/incompatible-library -- what it returns is used in this component alone
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => LINE_H,
    overscan: 20,
  });
  useEffect(() => {
    const element = scrollRef.current;
    if (isAtEnd && !isHeld && element !== null && lines.length > 0) element.scrollTop = element.scrollHeight;
  }, [lines, isAtEnd, isHeld]);
  return (
    <div className={styles.frame}>
      <section
        ref={scrollRef}
        className={styles.lines}
        aria-label="Log lines"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keyboard has to be able to scroll it
        tabIndex={0}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          setAtEnd(scrollHeight - scrollTop - clientHeight < LINE_H * 2);
        }}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative", minWidth: "100%" }}>
          {virtual.getVirtualItems().map((item) => (
            <div key={item.key} className={styles.line} style={{ transform: `translateY(${item.start}px)` }}>
              {markMatches(lines[item.index] ?? "", search)}
            </div>
          ))}
        </div>
        {lines.length === 0 && <p className={styles.empty}>{search === "" ? "No lines yet." : "No line matches."}</p>}
      </section>
      {!isAtEnd && (
        <span className={styles.toEnd}>
          <Button
            size="dense"
            onClick={() => {
              const element = scrollRef.current;
              if (element !== null) element.scrollTop = element.scrollHeight;
            }}
          >
            <ArrowDownToLine aria-hidden />
            To the end
          </Button>
        </span>
      )}
    </div>
  );
}

function markMatches(line: string, search: string): ReactNode {
  if (search === "") return line;
  const at = line.toLowerCase().indexOf(search.toLowerCase());
  if (at < 0) return line;
  return (
    <>
      {line.slice(0, at)}
      <mark>{line.slice(at, at + search.length)}</mark>
      {line.slice(at + search.length)}
    </>
  );
}

function download(fileName: string, lines: readonly string[]): void {
  const url = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
