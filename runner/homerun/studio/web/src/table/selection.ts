/** Which runs are selected: some by their ids, or all that a query means but for some. */

import { get } from "../server/api";
import type { Queries, RunRow } from "../types";

/** All runs that a query meant when they were selected; later ones are none of them. */
export interface Meant {
  experiment: string | null;
  where: string[];
  children: boolean;
  total: number;
  until: string;
}

export interface Selection {
  /** By id; a run that is not in view is known by its id alone. */
  runs: ReadonlyMap<string, RunRow | null>;
  /** All of these instead, and `runs` are those that are left out. */
  all: Meant | null;
}

export const NONE: Selection = { runs: new Map(), all: null };
/** So many ids are in the address; more are kept with the step in the browser's history. */
const MOST_IN_ADDRESS = 40;
const ASKED_AT_ONCE = 400;

export const sizeOf = ({ runs, all }: Selection): number => (all ? Math.max(0, all.total - runs.size) : runs.size);

export const isSelected = ({ runs, all }: Selection, run: RunRow): boolean => runs.has(run.id) !== (all !== null && isBefore(run, all.until));

const isBefore = (run: RunRow, until: string): boolean => (run.created ?? "") <= (until.split(" ")[0] ?? "").replace("+00:00", "Z");

export function toggled(selection: Selection, run: RunRow): Selection {
  const runs = new Map(selection.runs);
  if (!runs.delete(run.id)) runs.set(run.id, run);
  return { ...selection, runs };
}

export function freshened(selection: Selection, changed: RunRow[], removed: string[]): Selection {
  if (selection.all) return selection;
  const runs = new Map(selection.runs);
  for (const run of changed) if (runs.has(run.id)) runs.set(run.id, run);
  for (const id of removed) runs.delete(id);
  return { runs, all: null };
}

/** How a selection stands in the address, and what is kept beside it in the history. */
export function written(selection: Selection): { sel: string | null; kept: { ids?: string[]; meant?: Meant } } {
  const ids = [...selection.runs.keys()];
  if (selection.all) return { sel: "all", kept: { ids, meant: selection.all } };
  if (ids.length > MOST_IN_ADDRESS) return { sel: "some", kept: { ids } };
  return { sel: ids.join(",") || null, kept: {} };
}

export function read(sel: string, kept: { ids?: string[]; meant?: Meant } | undefined): Selection {
  const ids = sel === "some" || sel === "all" ? (kept?.ids ?? []) : sel.split(",").filter(Boolean);
  const runs = new Map(ids.map((id): [string, null] => [id, null]));
  return { runs, all: sel === "all" ? (kept?.meant ?? null) : null };
}

/** All that a query means. */
export async function meant(query: Queries["selection"]): Promise<Meant | null> {
  const { total, until, unread } = await get("selection", query);
  if (unread) throw new Error("The store is being read, and not all runs are known yet: select them in a minute.");
  return until === null ? null : { experiment: query.experiment ?? null, where: query.where ?? [], children: query.children ?? false, total, until };
}

/** How many of some runs a query does not mean. */
export async function hidden(query: Queries["selection"], ids: string[], abort: AbortSignal): Promise<number> {
  let shown = 0;
  for (let at = 0; at < ids.length; at += ASKED_AT_ONCE) {
    shown += (await get("selection", { ...query, ids: ids.slice(at, at + ASKED_AT_ONCE) }, abort)).total;
  }
  return ids.length - shown;
}

/** The rows of what is selected, at most so many. */
export async function rows(selection: Selection, most: number): Promise<RunRow[]> {
  const { runs, all } = selection;
  if (all) {
    const asked = { experiment: all.experiment, where: all.where, children: all.children, limit: Math.min(500, most + runs.size) };
    const found: RunRow[] = [];
    for (let skip = 0; found.length < most; skip += asked.limit) {
      const part = (await get("runs", { ...asked, skip })).runs;
      found.push(...part.filter((run) => isSelected(selection, run)));
      if (part.length < asked.limit) break;
    }
    return found.slice(0, most);
  }
  const known = [...runs].slice(0, most);
  const unknown = known.filter(([, run]) => !run).map(([id]) => id);
  const read = new Map<string, RunRow>();
  for (let at = 0; at < unknown.length; at += ASKED_AT_ONCE) {
    for (const run of (await get("runs", { ids: unknown.slice(at, at + ASKED_AT_ONCE) })).runs) read.set(run.id, run);
  }
  return known.flatMap(([id, run]) => run ?? read.get(id) ?? []);
}
