/** What is done to runs, from the table as from a run's own page. */

import { isEnded, plural, took } from "../format";
import { later, runHref } from "../route";
import { left, type Meant } from "../table/selection";
import type { Bodies, BulkAnswer, Posts, RunRow } from "../types";
import { complain, confirm, say } from "../ui/dialog";
import { post } from "./api";
import { changeAll } from "./meant";

type Change = "runs/labels" | "runs/cancel" | "runs/fail" | "runs/delete" | "trash/restore";
export type Labels = Pick<Bodies["runs/labels"], "name" | "description" | "tags" | "remove_tags">;
type Some = readonly Pick<RunRow, "id" | "tags">[];

const idsOf = (runs: readonly Pick<RunRow, "id">[]): string[] => runs.map((run) => run.id);
const runsWord = (number: number): string => plural(number, "run");

/**
 * @param done what to say of the runs that were changed
 * @param undo changes them back
 */
async function change<R extends Change>(
  route: R,
  body: Bodies[R],
  done: (runs: string) => string,
  undo: ((ids: string[]) => void) | null = null,
): Promise<BulkAnswer | null> {
  const answer: BulkAnswer | null = await told(inParts(body.ids ?? [], (ids) => post(route, { ...body, ids })));
  if (!answer) return null;
  tell(answer, done, undo);
  return answer;
}

function tell(answer: BulkAnswer, done: (runs: string) => string, undo: ((ids: string[]) => void) | null = null): void {
  const [first] = answer.failed;
  if (answer.done.length) say(done(runsWord(answer.done.length)), false, undo && (() => undo(answer.done)));
  if (first) say(answer.failed.length > 1 ? `${runsWord(answer.failed.length)} could not be changed. ${first.message}` : first.message, true);
}

/** The server takes so many runs at once. */
const AT_ONCE = 1000;

/** When a later part fails, what was done before it is told all the same. */
async function inParts(ids: string[], send: (ids: string[]) => Promise<BulkAnswer>): Promise<BulkAnswer> {
  const all = await send(ids.slice(0, AT_ONCE));
  for (let at = AT_ONCE; at < ids.length; at += AT_ONCE) {
    try {
      const { done, failed } = await send(ids.slice(at, at + AT_ONCE));
      all.done.push(...done);
      all.failed.push(...failed);
    } catch (error) {
      const { message } = error as Error;
      all.failed.push(...ids.slice(at).map((id) => ({ id, code: "failed", message })));
      break;
    }
  }
  return all;
}

async function told<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    complain(error);
    return null;
  }
}

export const canCancel = (run: RunRow): boolean => !isEnded(run.status) && run.status !== "CancelRequested";

/** What has taken longer is not canceled without a question. */
const SHORT_S = 300;

/** A key may be pressed by mistake, so it always asks. */
export async function cancel(runs: readonly RunRow[], isByKey = false): Promise<void> {
  const live = runs.filter(canCancel);
  const words = runsWord(live.length);
  const asks = isByKey || live.length > 1 || live.some((run) => (took(run) ?? 0) > SHORT_S);
  if (asks && !(await confirm("Cancel runs", `This stops ${words} with all their processes.`, `Cancel ${words}`, "Keep them running"))) return;
  await change("runs/cancel", { ids: idsOf(live) }, (of) => `Canceling ${of}.`);
}

export async function fail(run: RunRow, message: string): Promise<void> {
  await change("runs/fail", { ids: [run.id], ...(message ? { message } : {}) }, (of) => `Marked ${of} as failed.`);
}

export async function remove(runs: readonly RunRow[]): Promise<boolean> {
  const text = `${runsWord(runs.length)} will be moved to the trash of the store, and can be restored until it is emptied.`;
  if (!(await confirm("Delete runs", text, "Move to the trash"))) return false;
  const answer = await change(
    "runs/delete",
    { ids: idsOf(runs) },
    (of) => `Moved ${of} to the trash.`,
    (ids) => void restore(ids),
  );
  return (answer?.done.length ?? 0) > 0;
}

/** What is still going on; all others are canceled by nothing. */
const LIVE = "status in (NotStarted, Queued, Preparing, Running, Finalizing, NotResponding)";

export async function cancelAll(all: Meant, without: string[]): Promise<void> {
  const live = await told(left(all, without, [LIVE]));
  if (!live) return;
  if (!live.size) return say("None of these runs is active.");
  const words = runsWord(live.size);
  if (!(await confirm("Cancel runs", `This stops ${words} with all their processes.`, `Cancel ${words}`, "Keep them running"))) return;
  tell(await changeAll("runs/cancel", live.meant, without, {}, "Canceling"), (of) => `Canceling ${of}.`);
}

/** Answers whether any was deleted. */
export async function removeAll(all: Meant, without: string[]): Promise<boolean> {
  const now = await told(left(all, without));
  if (!now) return false;
  if (!now.size) {
    say("These runs no longer exist.");
    return false;
  }
  const number = now.size;
  const text = `${runsWord(number)} will be moved to the trash of the store, and can be restored until it is emptied.`;
  if (!(await confirm("Delete runs", text, `Move ${runsWord(number)} to the trash`))) return false;
  const answer = await changeAll("runs/delete", now.meant, without, {}, "Deleting");
  tell(
    answer,
    (of) => `Moved ${of} to the trash.`,
    (ids) => void restore(ids),
  );
  return answer.done.length > 0;
}

/** Answers whether all runs took it. */
export async function labelAll(all: Meant, without: string[], labels: Labels): Promise<boolean> {
  const answer = await changeAll("runs/labels", all, without, labels, "Tagging");
  tell(answer, labelled(labels));
  return answer.failed.length === 0;
}

/** Take runs back from the trash, with those that were deleted with them. */
export async function restore(ids: string[]): Promise<boolean> {
  const answer = await change("trash/restore", { ids }, (of) => `Restored ${of}.`);
  return (answer?.done.length ?? 0) > 0;
}

/**
 * Leave an experiment out of listings, or bring it back.
 *
 * @param done called after it was, and after it was undone
 */
export async function archive(name: string, isArchived: boolean, done: () => void): Promise<void> {
  const route = isArchived ? "experiments/archive" : "experiments/reactivate";
  const answer: Posts[typeof route] | null = await told(post(route, { names: [name] }));
  const [failed] = answer?.failed ?? [];
  if (failed) say(failed.message, true);
  if (!answer?.done.length) return;
  if (isArchived) say(`Archived ${name}.`, false, () => void archive(name, false, done));
  else say(`Restored ${name}.`);
  done();
}

/** Answers whether all runs took it. */
export async function label(runs: Some, labels: Labels): Promise<boolean> {
  const undo = labels.tags || labels.remove_tags ? (ids: string[]) => void relabel(runs, labels, ids) : null;
  const answer = await change("runs/labels", { ids: idsOf(runs), ...labels }, labelled(labels), undo);
  return !!answer && answer.failed.length === 0;
}

/** Give runs the tags again that they had before a change; those that had the same go together. */
async function relabel(runs: Some, changed: Labels, ids: string[]): Promise<void> {
  const keys = [...Object.keys(changed.tags ?? {}), ...(changed.remove_tags ?? [])];
  const parts = new Map<string, { labels: Labels; ids: string[] }>();
  const changedIds = new Set(ids);
  for (const run of runs.filter((one) => changedIds.has(one.id))) {
    const had = keys.filter((key) => key in run.tags);
    const labels = { tags: Object.fromEntries(had.map((key) => [key, run.tags[key] ?? null])), remove_tags: keys.filter((key) => !had.includes(key)) };
    const key = JSON.stringify(labels);
    const part = parts.get(key) ?? { labels, ids: [] as string[] };
    part.ids.push(run.id);
    parts.set(key, part);
  }
  for (const part of parts.values()) await change("runs/labels", { ids: part.ids, ...part.labels }, (of) => `${of} as before.`);
}

function labelled(labels: Labels): (runs: string) => string {
  if (labels.name !== undefined) return () => "Renamed.";
  if (labels.description !== undefined) return () => "Saved the description.";
  return labels.tags ? (of) => `Tagged ${of}.` : (of) => `Removed the tag from ${of}.`;
}

/** Submit runs again; one alone is then shown. Answers the hidden words that one still needs. */
export async function resubmit(runs: readonly Pick<RunRow, "id">[], secrets?: string[], isByKey = false): Promise<string[] | null> {
  const words = runsWord(runs.length);
  const asks = isByKey || runs.length > 1;
  if (asks && !(await confirm("Resubmit runs", `This submits ${words} again, with the same code and arguments.`, `Resubmit ${words}`, "Cancel", "main")))
    return null;
  const open = later();
  const answer = await told(inParts(idsOf(runs), (ids) => post("runs/resubmit", { ids, ...(secrets ? { secrets } : {}) })));
  if (!answer) return null;
  const [failed] = answer.failed;
  if (runs.length === 1 && failed?.code === "needs_secrets") return failed.hidden ?? [];
  if (failed) say(failed.message, true);
  if (answer.done.length) say(`Resubmitted ${runsWord(answer.done.length)}.`);
  const [made] = answer.done;
  if (runs.length === 1 && made) open(runHref(made));
  return null;
}
