/** What all pages know: the store that is shown. */

import { signal } from "@preact/signals";
import { setClock } from "./format";
import { get } from "./server/api";
import { startAt } from "./server/live";
import type { InfoAnswer } from "./types";

export const info = signal<InfoAnswer | null>(null);
export const infoError = signal<Error | null>(null);

export async function readInfo(): Promise<void> {
  try {
    const found = await get("info", {});
    setClock(found.time);
    startAt(found.cursor);
    info.value = found;
    infoError.value = null;
  } catch (error) {
    infoError.value = error as Error;
  }
}

/** The experiment of the run that is shown. */
export const experimentShown: { current: string | null } = { current: null };

export const isReadOnly = (): boolean => info.value?.read_only ?? false;

export function setTitle(...words: string[]): void {
  document.title = [...words, "homerun Studio"].join(" · ");
}
