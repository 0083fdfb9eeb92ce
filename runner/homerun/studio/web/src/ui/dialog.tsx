/** Dialogs, which the browser itself keeps the focus in, and messages that go away again. */

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./basics";
import { Icon } from "./icon";

interface DialogProps {
  title: string;
  close: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, close, children, wide = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Before the next key can come: it is for the dialog, not for the page below.
  useLayoutEffect(() => {
    element.current?.showModal();
    return () => element.current?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? "is-wide" : ""}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === element.current && close()}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <Button icon="cross" kind="bare" label="Close" onClick={close} />
        </div>
        {children}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  text: string;
  yes: string;
  no: string;
  kind: "danger" | "main";
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

/** Ask before something that cannot be taken back easily, or that a key may do by mistake. */
export function confirm(title: string, text: string, yes: string, no = "Cancel", kind: Question["kind"] = "danger"): Promise<boolean> {
  takeBack();
  return new Promise((resolve) => {
    question.value = {
      title,
      text,
      yes,
      no,
      kind,
      answer: (value) => {
        question.value = null;
        resolve(value);
      },
    };
  });
}

/** Answer an open question with no, as when the user leaves the page that asked. */
export function takeBack(): void {
  question.peek()?.answer(false);
}

export function Questions() {
  const asked = question.value;
  if (!asked) return null;
  return (
    <Dialog title={asked.title} close={() => asked.answer(false)}>
      <p>{asked.text}</p>
      <div class="dialog-foot">
        <Button onClick={() => asked.answer(false)}>{asked.no}</Button>
        <Button kind={asked.kind} onClick={() => asked.answer(true)}>
          {asked.yes}
        </Button>
      </div>
    </Dialog>
  );
}

interface Message {
  id: number;
  text: string;
  bad: boolean;
  undo: (() => void) | null;
}

const messages = signal<Message[]>([]);
const SHOWN_MS = 6000;
const UNDO_MS = 10_000;
let counter = 0;

export function say(text: string, bad = false, undo: Message["undo"] = null): void {
  const message = { id: (counter += 1), text, bad, undo };
  messages.value = [...messages.value.slice(-3), message];
  if (!bad) setTimeout(() => dismiss(message.id), undo ? UNDO_MS : SHOWN_MS);
}

export const complain = (error: unknown): void => say((error as Error).message, true);

function dismiss(id: number): void {
  messages.value = messages.value.filter((one) => one.id !== id);
}

export function Messages() {
  return (
    <div class="messages" role="status" aria-live="polite">
      {messages.value.map((one) => (
        <div key={one.id} class={`message ${one.bad ? "is-bad" : ""}`}>
          <Icon name={one.bad ? "warning" : "check"} />
          <span>{one.text}</span>
          {one.undo && (
            <Button
              onClick={() => {
                dismiss(one.id);
                one.undo?.();
              }}
            >
              Undo
            </Button>
          )}
          <Button icon="cross" kind="bare" label="Dismiss" onClick={() => dismiss(one.id)} />
        </div>
      ))}
    </div>
  );
}
