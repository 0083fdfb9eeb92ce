/** What is done to runs, from the table as from a run's own page. */

import { post } from "./api";
import { isEnded, plural } from "./format";
import { later, runHref } from "./route";
import type { BulkAnswer, Run } from "./types";
import { complain, confirm, say } from "./ui/dialog";

interface Labels {
  name?: string;
  description?: string;
  tags?: Record<string, string | null>;
  remove_tags?: string[];
}

async function change(path: string, runs: readonly { id: string }[], past: string, more: object = {}): Promise<BulkAnswer> {
  const answer = await post<BulkAnswer>(`runs/${path}`, { ids: runs.map((run) => run.id), ...more });
  const [first] = answer.failed;
  if (answer.done.length) say(`${past}: ${plural(answer.done.length, "run")}.`);
  if (first) say(answer.failed.length > 1 ? `${plural(answer.failed.length, "run")} could not be changed. ${first.message}` : first.message, true);
  return answer;
}

async function told<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    complain(error);
    return null;
  }
}

export const canCancel = (run: Run): boolean => !isEnded(run.status) && run.status !== "CancelRequested";

export async function cancel(runs: readonly Run[]): Promise<void> {
  const live = runs.filter(canCancel);
  if (live.length > 1 && !(await confirm("Cancel runs", `This stops ${plural(live.length, "run")} with all their processes.`, "Cancel them"))) return;
  await told(change("cancel", live, "Asked to stop"));
}

export async function fail(run: Run, message: string): Promise<void> {
  await told(change("fail", [run], "Marked as failed", message ? { message } : {}));
}

export async function remove(runs: readonly Run[]): Promise<boolean> {
  const text = `${plural(runs.length, "run")} will lie in the store's trash until it is emptied.`;
  if (!(await confirm("Delete runs", text, "Move to the trash"))) return false;
  return ((await told(change("delete", runs, "Moved to the trash")))?.done.length ?? 0) > 0;
}

/** Answers whether all runs took it. */
export async function label(runs: readonly { id: string }[], labels: Labels): Promise<boolean> {
  const answer = await told(change("labels", runs, "Changed", labels));
  return !!answer && answer.failed.length === 0;
}

/** Submit runs again; one alone is then shown. Answers the hidden words that one still needs. */
export async function resubmit(runs: readonly Run[], secrets?: string[]): Promise<string[] | null> {
  const open = later();
  const answer = await told(post<BulkAnswer>("runs/resubmit", { ids: runs.map((run) => run.id), ...(secrets ? { secrets } : {}) }));
  if (!answer) return null;
  const [failed] = answer.failed;
  if (runs.length === 1 && failed?.code === "needs_secrets") return failed.hidden ?? [];
  if (failed) say(failed.message, true);
  if (answer.done.length) say(`Submitted again: ${plural(answer.done.length, "run")}.`);
  const [made] = answer.done;
  if (runs.length === 1 && made) open(runHref(made));
  return null;
}
