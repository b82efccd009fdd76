"use client";

import dynamic from "next/dynamic";
import { useSyncExternalStore } from "react";
import { areToastsWanted, subscribeToasts } from "./toast.tsx";

const ToastStack = dynamic(() => import("./toast-stack.tsx").then((module) => module.ToastStack), { ssr: false });

/** The place where toasts appear; empty, and nothing loaded, before the first one. */
export function Toaster() {
  const isWanted = useSyncExternalStore(subscribeToasts, areToastsWanted, () => false);
  return isWanted ? <ToastStack /> : null;
}
