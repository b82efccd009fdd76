"use client";

import { useCallback, useEffect, useReducer, useState } from "react";
import { dropDraft, loadDraft, saveDraft } from "./draft.ts";

type State = {
  readonly text: string;
  readonly past: readonly string[];
  readonly future: readonly string[];
  /** When the step of typing that is going on began, and its last key; 0 when none is. */
  readonly stepBeganAtMs: number;
  readonly typedAtMs: number;
};
type Action =
  | { readonly kind: "replace"; readonly text: string; readonly isTyping: boolean; readonly atMs: number }
  | { readonly kind: "undo" }
  | { readonly kind: "redo" };

/** A step of undo ends with a pause in typing, or when it has become this long. */
const TYPING_PAUSE_MS = 700;
const TYPING_STEP_MS = 4_000;
const MAX_STEPS = 100;
const SAVE_DELAY_MS = 400;

const IDLE = { stepBeganAtMs: 0, typedAtMs: 0 } as const;

function reduce(state: State, action: Action): State {
  switch (action.kind) {
    case "replace": {
      if (action.text === state.text) return state;
      const isSameStep =
        action.isTyping &&
        action.atMs - state.typedAtMs < TYPING_PAUSE_MS &&
        action.atMs - state.stepBeganAtMs < TYPING_STEP_MS;
      return {
        text: action.text,
        past: isSameStep ? state.past : [...state.past, state.text].slice(-MAX_STEPS),
        future: [],
        stepBeganAtMs: isSameStep ? state.stepBeganAtMs : action.isTyping ? action.atMs : 0,
        typedAtMs: action.isTyping ? action.atMs : 0,
      };
    }
    case "undo": {
      const text = state.past.at(-1);
      return text === undefined
        ? state
        : { ...IDLE, text, past: state.past.slice(0, -1), future: [state.text, ...state.future] };
    }
    case "redo": {
      const [text, ...future] = state.future;
      return text === undefined ? state : { ...IDLE, text, past: [...state.past, state.text], future };
    }
  }
}

function begin({ draftId, stored }: { readonly draftId: string; readonly stored: string }): State {
  return { text: loadDraft(draftId)?.text ?? stored, past: [], future: [], ...IDLE };
}

/** The text being designed: one document, its undo history, and the draft kept in this browser. Browser only. */
export function useDocument(draftId: string, stored: string) {
  const [state, dispatch] = useReducer(reduce, { draftId, stored }, begin);
  const [keptAtMs, setKeptAtMs] = useState<number | null>(null);
  const [isRestored, setRestored] = useState(state.text !== stored);
  const { text } = state;

  useEffect(() => {
    if (text === stored) return;
    const timer = setTimeout(() => setKeptAtMs(saveDraft(draftId, text)), SAVE_DELAY_MS);
    return () => clearTimeout(timer);
  }, [draftId, text, stored]);

  const replace = useCallback(
    (next: string, isTyping = false) => dispatch({ kind: "replace", text: next, isTyping, atMs: Date.now() }),
    [],
  );
  return {
    text,
    replace,
    undo: state.past.length === 0 ? null : () => dispatch({ kind: "undo" }),
    redo: state.future.length === 0 ? null : () => dispatch({ kind: "redo" }),
    isChanged: text !== stored,
    keptAtMs: text === stored ? null : keptAtMs,
    isRestored,
    discard: () => {
      dropDraft(draftId);
      setRestored(false);
      setKeptAtMs(null);
      dispatch({ kind: "replace", text: stored, isTyping: false, atMs: 0 });
    },
    forget: () => dropDraft(draftId),
  };
}
