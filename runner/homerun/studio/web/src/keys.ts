/** Keys: pages say which they know, and the help sheet lists them. */

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface Key {
  keys: string;
  does: string;
  run: (event: KeyboardEvent) => void;
}

export interface Sheet {
  title: string;
  keys: Key[];
}

export const sheets = signal<Sheet[]>([]);
const SEQUENCE_MS = 900;
let former = "";
let formerAt = 0;

export function useKeys(title: string, keys: Key[]): void {
  const latest = useRef(keys);
  latest.current = keys;
  // Together with the page itself: who sees it may press a key at once.
  useLayoutEffect(() => {
    const sheet: Sheet = { title, keys: keys.map((key, at) => ({ ...key, run: (event) => latest.current[at]?.run(event) })) };
    sheets.value = [...sheets.value, sheet];
    return () => {
      sheets.value = sheets.value.filter((one) => one !== sheet);
    };
  }, [title, keys.map((key) => key.keys).join()]);
}

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.("input:not([type=checkbox]):not([type=range]):not([type=radio]), textarea, select, [contenteditable=true]");
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const recent = Date.now() - formerAt < SEQUENCE_MS ? `${former} ` : "";
  const all = sheets.value.flatMap((sheet) => sheet.keys).reverse();
  const found = all.find((key) => recent && key.keys === recent + event.key) ?? all.find((key) => key.keys === event.key);
  former = event.key;
  formerAt = Date.now();
  if (!found) return;
  event.preventDefault();
  found.run(event);
}

addEventListener("keydown", pressed);
