/** Saved views: what of an address belongs to one, and what is shown of the store's. */

import { signal } from "@preact/signals";
import { place, type Query } from "../../route";
import { get, post } from "../../server/api";
import type { ViewRow } from "../../types";

/** All views of the store; null as long as they are not known. */
export const views = signal<ViewRow[] | null>(null);

/** In the address, but of this look alone: which view it is, and what is selected. */
const OWN = new Set(["view", "sel"]);
export const ALL = "all";

export type Lists = Record<string, string[]>;

/** What of an address a view keeps. */
export function kept(query: URLSearchParams): Lists {
  const found: Lists = {};
  for (const key of [...new Set(query.keys())].sort()) {
    const values = query.getAll(key).filter(Boolean);
    if (!OWN.has(key) && values.length) found[key] = values;
  }
  return found;
}

const canonical = (lists: Lists): string => JSON.stringify(Object.entries(lists).sort(([a], [b]) => (a < b ? -1 : 1)));

export const isSame = (one: Lists, other: Lists): boolean => canonical(one) === canonical(other);

/** The view that an address names, and the revision of it that it was made from. */
export function named(query: URLSearchParams): { id: string; revision: number } | null {
  const [, id = "", revision = ""] = /^([0-9a-f]{12})\.(\d+)$/.exec(query.get("view") ?? "") ?? [];
  return id ? { id, revision: Number(revision) } : null;
}

/** The view that is open. */
export function viewShown(): ViewRow | null {
  const id = named(place.value.query)?.id;
  return views.value?.find((one) => one.id === id) ?? null;
}

/** A view as an address names it. */
export const written = (view: ViewRow): string => `${view.id}.${view.revision}`;

export const queryOf = (view: ViewRow): Query => ({ ...view.query, view: written(view) });

export async function readViews(): Promise<void> {
  views.value = (await get("views", {})).views;
}

export async function save(body: { name: string; query: Lists; is_default: boolean; id?: string; revision?: number }): Promise<ViewRow> {
  const made = await post("views/save", { ...body, page: "runs" });
  await readViews();
  return made;
}

export async function remove(view: ViewRow): Promise<void> {
  await post("views/delete", { id: view.id, revision: view.revision });
  await readViews();
}
