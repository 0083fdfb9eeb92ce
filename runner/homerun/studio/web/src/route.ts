/** Where the person is: what stands behind the `#`, so that any place is a link. */

import { signal } from "@preact/signals";

export interface Place {
  path: string[];
  query: URLSearchParams;
}

export type Query = Record<string, string | number | boolean | string[] | null | undefined>;

function read(): Place {
  const hash = location.hash.replace(/^#\/?/, "");
  const cut = hash.indexOf("?");
  const path = cut < 0 ? hash : hash.slice(0, cut);
  return {
    path: path.split("/").filter(Boolean).map(decode),
    query: new URLSearchParams(cut < 0 ? "" : hash.slice(cut + 1)),
  };
}

function decode(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

export const place = signal<Place>(read());

/** Counts the places that were gone to. */
let visits = 0;

function arrive(): void {
  visits += 1;
  place.value = read();
}

addEventListener("popstate", arrive);

// A link shows its page at once. The browser tells of a new place only later, and until then the
// controls of the former page would take clicks and keys that are meant for the next one.
addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.("a[href^='#/']");
  if (!link || link.hasAttribute("target")) return;
  event.preventDefault();
  go(link.getAttribute("href") ?? "");
});

export function parameters(query: Query): string {
  const all = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (Array.isArray(value)) value.forEach((one) => all.append(key, one));
    else if (value !== null && value !== undefined && value !== "") all.append(key, String(value));
  }
  return all.toString();
}

export function href(path: string[], query: Query = {}): string {
  const text = parameters(query);
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export const runHref = (id: string, tab?: string, query: Query = {}): string => href(tab ? ["run", id, tab] : ["run", id], query);

/** A version of a model; null: the latest. */
export const modelHref = (name: string, version: number | null = null): string => href(["model", name], { version });

export const experimentHref = (name: string): string => href(["runs"], { experiment: name });

/** @param isInstead leaving no step in the history */
export function go(to: string, isInstead = false): void {
  if (to !== location.hash) {
    if (isInstead) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
  }
  arrive();
}

/** A way to a place that is known later. It is not taken if the user has gone elsewhere since. */
export function later(): (to: string) => void {
  const asked = visits;
  return (to) => {
    if (visits === asked) go(to);
  };
}

/** Change the query of this place, leaving no step in the history. */
export function adjust(changes: Query): void {
  const to = here(changes);
  if (to === location.hash) return;
  history.replaceState(history.state, "", to);
  place.value = read();
}

/** Change the query of this place by a step that the browser's Back takes back. */
export function turn(changes: Query): void {
  const to = here(changes);
  if (to === location.hash) return;
  const { [STAYS]: kept } = (history.state ?? {}) as Record<string, unknown>;
  history.pushState(kept === undefined ? null : { [STAYS]: kept }, "", to);
  place.value = read();
}

/** This place with another query: a link that leaves the rest of it as it is. */
export const here = (changes: Query): string => href(place.value.path, { ...kept(place.value.query), ...changes });

/** A query as it is, a key that is said several times with all of them. */
function kept(query: URLSearchParams): Query {
  return Object.fromEntries([...new Set(query.keys())].map((key) => [key, query.getAll(key)]));
}

/** Of what is kept with a step this goes along where the same page is shown in another way. */
const STAYS = "selection";

/** What is kept with this step of the history: there again after Back, and after loading the page again. */
export function recallStep<T>(key: string): T | undefined {
  return (history.state as Record<string, T> | null)?.[key];
}

export function rememberStep(key: string, value: unknown): void {
  history.replaceState({ ...(history.state as object | null), [key]: value }, "");
}
