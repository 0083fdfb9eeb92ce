/** Keys: pages say which they know, and the help sheet lists them. */

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface Key {
  keys: string;
  does: string;
  run: (event: KeyboardEvent) => void;
  /** The element that has to have the focus. The help sheet does not list such a key. */
  focus?: () => Element | null;
}

export interface Sheet {
  title: string;
  keys: Key[];
  isReady: () => boolean;
}

interface Held {
  sheet: Sheet;
  key: Key;
  event: KeyboardEvent;
}

export const sheets = signal<Sheet[]>([]);
const SEQUENCE_MS = 1500;
let former = "";
let formerAt = 0;
let held: Held[] = [];
let isReleasing = false;

/**
 * @param isReady whether what the keys act on is there. Until then they are held, and act in their
 *   order as soon as it is; they are dropped if the user does something else first
 */
export function useKeys(title: string, keys: Key[], isReady = true): void {
  const latest = useRef({ keys, isReady });
  latest.current = { keys, isReady };
  // Together with the page itself: a user who sees it may press a key at once.
  useLayoutEffect(() => {
    const sheet: Sheet = {
      title,
      keys: keys.map((key, at) => ({ ...key, run: (event) => latest.current.keys[at]?.run(event) })),
      isReady: () => latest.current.isReady,
    };
    sheets.value = [...sheets.value, sheet];
    return () => {
      sheets.value = sheets.value.filter((one) => one !== sheet);
      held = held.filter((one) => one.sheet !== sheet);
    };
  }, [title, keys.map((key) => key.keys).join()]);
  useLayoutEffect(() => {
    if (isReady) void release();
  }, [isReady]);
}

/** Let the held keys act, one by one: what the former one changed is drawn first. */
async function release(): Promise<void> {
  if (isReleasing) return;
  isReleasing = true;
  try {
    await null;
    for (let next = held[0]; next?.sheet.isReady(); next = held[0]) {
      held = held.slice(1);
      next.key.run(next.event);
      await null;
    }
  } finally {
    isReleasing = false;
  }
}

const isTyping = (target: EventTarget | null): boolean =>
  isWithin(target, "input:not([type=checkbox]):not([type=range]):not([type=radio]), textarea, select, [contenteditable=true]");

/** Whether the browser itself does something with a key, as it opens the link that has the focus. */
function isForElement(event: KeyboardEvent): boolean {
  return (event.key === "Enter" || event.key === " ") && isWithin(event.target, "a[href], button, summary");
}

const isWithin = (target: EventTarget | null, selector: string): boolean => !!(target as Element | null)?.closest?.(selector);

function found(event: KeyboardEvent): { sheet: Sheet; key: Key } | undefined {
  const recent = event.timeStamp - formerAt < SEQUENCE_MS ? `${former} ` : "";
  const all = sheets.value.flatMap((sheet) => sheet.keys.map((key) => ({ sheet, key }))).reverse();
  const known = all.filter(({ sheet, key }) => !key.focus || key.focus() === event.target || isAboutTo(sheet, event));
  return known.find(({ key }) => recent && key.keys === recent + event.key) ?? known.find(({ key }) => key.keys === event.key);
}

/** Whether a held key of the same sheet is going to move the focus to where the sheet's keys want it. */
function isAboutTo(sheet: Sheet, event: KeyboardEvent): boolean {
  return held.some((one) => one.sheet === sheet) && !isWithin(event.target, "a[href], button, summary, input");
}

function pressed(event: KeyboardEvent): void {
  if (event.key === "Escape") held = [];
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || isForElement(event) || document.querySelector("dialog[open]")) return;
  const one = found(event);
  [former, formerAt] = [event.key, event.timeStamp];
  if (!one) return;
  event.preventDefault();
  if (one.sheet.isReady()) {
    held = [];
    one.key.run(event);
  } else held = [...held, { ...one, event }];
}

addEventListener("keydown", pressed);
addEventListener("pointerdown", () => (held = []));
