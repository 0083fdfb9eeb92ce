/** Which runs are selected: some by their ids, or all that a query means but for some. */

import { count } from "../format";
import { get } from "../server/api";
import type { Queries, RunRow, SelectionAnswer } from "../types";

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

/** Of a run that the query of `all` means, as each row of the table does that shows it. */
export const isSelected = ({ runs, all }: Selection, run: RunRow): boolean => (all ? isBefore(run, all.until) && !runs.has(run.id) : runs.has(run.id));

type Asked = Pick<Queries["runs"], "experiment" | "where" | "children">;

/** Whether all is selected of another question than this one: of its rows it is not known which are selected. */
export function isElsewhere({ all }: Selection, asked: Asked): boolean {
  const said = ({ experiment, where, children }: Asked): string => JSON.stringify([experiment ?? null, where ?? [], children ?? false]);
  return all !== null && said(all) !== said(asked);
}

/** Whether a run is not newer than a place, by its time and then by its id. */
function isBefore(run: RunRow, until: string): boolean {
  const [time = "", id = ""] = until.split(" ");
  const [created, last] = [run.created ?? "", time.replace("+00:00", "Z")];
  return created === last ? run.id <= id : created < last;
}

export function toggled(selection: Selection, run: RunRow): Selection {
  if (selection.all && !isBefore(run, selection.all.until)) return selection;
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

/** @throws as long as the server does not know all runs */
async function counted(query: Queries["selection"]): Promise<SelectionAnswer> {
  const answer = await get("selection", query);
  if (answer.unread) throw new Error("The store is being read, and not all runs are known yet: select them in a minute.");
  return answer;
}

/** All that a query means. */
export async function meant(query: Queries["selection"]): Promise<Meant | null> {
  const { total, until } = await counted(query);
  return until === null ? null : { experiment: query.experiment ?? null, where: query.where ?? [], children: query.children ?? false, total, until };
}

/**
 * Of all that was selected those that meet more conditions, and how many they are without some runs.
 *
 * @throws where the query means more runs than were selected: an older one has become one of them
 */
export async function left(all: Meant, without: string[], more: string[] = []): Promise<{ meant: Meant; size: number }> {
  const { experiment, where, children, until } = all;
  const query = { experiment, where, children, until };
  const now = (await counted(query)).total;
  if (now > all.total) throw new Error(`${count(now)} runs match by now, and ${count(all.total)} were selected: select them again.`);
  const narrowed = { ...query, where: [...where, ...more] };
  const total = more.length ? (await counted(narrowed)).total : now;
  return { meant: { ...narrowed, total }, size: total - (await among(narrowed, without)) };
}

/** How many of some runs a query does not mean. */
export async function hidden(query: Queries["selection"], ids: string[], abort: AbortSignal): Promise<number> {
  return ids.length - (await among(query, ids, abort));
}

async function among(query: Queries["selection"], ids: string[], abort?: AbortSignal): Promise<number> {
  let found = 0;
  for (let at = 0; at < ids.length; at += ASKED_AT_ONCE) {
    found += (await get("selection", { ...query, ids: ids.slice(at, at + ASKED_AT_ONCE) }, abort)).total;
  }
  return found;
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
