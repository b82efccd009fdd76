"use client";

import { FileUp } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useId, useState } from "react";
import { type ApiFailure, toFailure } from "#lib/errors.ts";
import { clusterPath } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { Field, Input, Select, Textarea } from "#ui/field.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { showToast } from "#ui/toast.tsx";
import type { KubeconfigContexts } from "./kubeconfig-contexts.ts";
import { parseLabels } from "./labels-text.ts";
import styles from "./register-dialog.module.css";

type RegisterDialogProps = { readonly isOpen: boolean; readonly onOpenChange: (isOpen: boolean) => void };

/** A kubeconfig is a few kilobytes; what is far bigger is another file. */
const MAX_BYTES = 1_000_000;

export function RegisterDialog({ isOpen, onOpenChange }: RegisterDialogProps) {
  const api = useTRPCClient();
  const router = useRouter();
  const [name, setName] = useState("");
  const [kubeconfig, setKubeconfig] = useState("");
  const [context, setContext] = useState("");
  const [labels, setLabels] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const contexts = useContexts(kubeconfig);

  const close = () => {
    // A credential does not stay in the page's memory longer than the dialog.
    setKubeconfig("");
    setContext("");
    setName("");
    setLabels("");
    setFailure(null);
    setRefused(null);
    onOpenChange(false);
  };
  const parsed = parseLabels(labels);
  const problem = "problem" in parsed ? parsed.problem : null;
  // Of the cluster that was refused, and of no other that is pasted afterwards.
  const isForeign = failure?.code === "cluster.foreign" && refused === `${context} ${kubeconfig}`;
  const register = async (takeOver: boolean) => {
    if (!("labels" in parsed)) return;
    setBusy(true);
    setFailure(null);
    try {
      await api.clusters.register.mutate({
        name,
        kubeconfig,
        labels: parsed.labels,
        ...(context !== "" && { context }),
        takeOver,
      });
      showToast({
        title: `Registered ${name}`,
        description: "It is being connected; its nodes appear as they are read.",
      });
      close();
      router.push(clusterPath(name));
    } catch (error) {
      setFailure(toFailure(error));
      setRefused(`${context} ${kubeconfig}`);
    } finally {
      setBusy(false);
    }
  };
  const reason = isBusy
    ? "Waiting for the cluster to answer"
    : name === ""
      ? "It needs a name"
      : kubeconfig.trim() === ""
        ? "It needs a kubeconfig"
        : problem;
  return (
    <Dialog
      isOpen={isOpen}
      onOpenChange={(open) => (open ? onOpenChange(true) : close())}
      title="Register cluster"
      description="The kubeconfig is stored encrypted. Tokens, client certificates and service accounts work; exec plugins and paths to files are refused, because they would run or read on the server."
      widthPx={560}
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            kind={isForeign ? "danger" : "primary"}
            disabledReason={reason}
            onClick={() => void register(isForeign)}
          >
            {isBusy ? "Connecting…" : isForeign ? "Take over and register" : "Register"}
          </Button>
        </>
      }
    >
      <Field label="Name" hint="Lower-case letters, digits and hyphens. It stands in placements and cannot be changed.">
        <Input isMono value={name} onChange={(event) => setName(event.target.value)} autoComplete="off" />
      </Field>
      <Field
        label="Kubeconfig"
        error={contexts === "invalid" ? "This is not a kubeconfig: it has no list of contexts." : null}
      >
        <Textarea
          isMono
          rows={9}
          spellCheck={false}
          value={kubeconfig}
          onChange={(event) => setKubeconfig(event.target.value)}
          placeholder="Paste it here"
        />
      </Field>
      <FilePicker onText={setKubeconfig} />
      {contexts !== null && contexts !== "invalid" && contexts.contexts.length > 1 && (
        <Field label="Context">
          <Select isMono value={context} onChange={(event) => setContext(event.target.value)}>
            <option value="">{contexts.current === null ? "Choose one" : `${contexts.current} (current)`}</option>
            {contexts.contexts
              .filter((other) => other !== contexts.current)
              .map((other) => (
                <option key={other} value={other}>
                  {other}
                </option>
              ))}
          </Select>
        </Field>
      )}
      <Field
        label="Labels"
        hint="Sets may choose clusters by them. With commas between, e.g. region=eu, tier=prod"
        error={problem}
      >
        <Input isMono value={labels} onChange={(event) => setLabels(event.target.value)} autoComplete="off" />
      </Field>
      {failure !== null && <ProblemList failure={failure} />}
      {isForeign && (
        <p className="ink-2">
          Taking it over stops the other control plane there. What it runs stays as it is, and nobody looks after sets
          that only it knows.
        </p>
      )}
    </Dialog>
  );
}

/** Contexts of what was pasted; the parser is loaded with the first text. */
function useContexts(kubeconfig: string): KubeconfigContexts | "invalid" | null {
  const [answer, setAnswer] = useState<{ readonly of: string; readonly contexts: KubeconfigContexts | null } | null>(
    null,
  );
  useEffect(() => {
    if (kubeconfig.trim() === "") return;
    let isCurrent = true;
    const read = async () => {
      const { parseContexts } = await import("./kubeconfig-contexts.ts");
      if (isCurrent) setAnswer({ of: kubeconfig, contexts: parseContexts(kubeconfig) });
    };
    void read();
    return () => {
      isCurrent = false;
    };
  }, [kubeconfig]);
  if (answer === null || answer.of !== kubeconfig) return null;
  return answer.contexts ?? "invalid";
}

function FilePicker({ onText }: { readonly onText: (text: string) => void }) {
  const id = useId();
  const [message, setMessage] = useState<string | null>(null);
  const read = async (file: File | undefined) => {
    if (file === undefined) return;
    if (file.size > MAX_BYTES) {
      setMessage(`${file.name} has ${Math.round(file.size / 1_000)} kB: too big for a kubeconfig.`);
      return;
    }
    setMessage(file.name);
    onText(await file.text());
  };
  return (
    <div className={styles.upload}>
      <input
        id={id}
        className={styles.file}
        type="file"
        accept=".yaml,.yml,.conf,.config,.kubeconfig,application/yaml,text/plain"
        onChange={(event) => void read(event.target.files?.[0])}
      />
      <label className={styles.fileLabel} htmlFor={id}>
        <FileUp aria-hidden />
        Upload a file
      </label>
      {message !== null && <span className="small ink-3 clip">{message}</span>}
    </div>
  );
}
