/** What is done to all runs that a query means: part by part, and never to more than were confirmed. */

import { signal } from "@preact/signals";
import { count, plural } from "../format";
import type { Meant } from "../table/selection";
import type { Bodies, BulkAnswer } from "../types";
import { say } from "../ui/dialog";
import { post } from "./api";

type Route = "runs/labels" | "runs/cancel" | "runs/delete";

/** What goes on now, and how to stop it. */
export const progress = signal<{ text: string; stop: () => void } | null>(null);

/** Answers which were changed, and why others were not; what a part could not do ends it, and is told. */
export async function changeAll<R extends Route>(route: R, meant: Meant, without: string[], body: Omit<Bodies[R], "ids">, doing: string): Promise<BulkAnswer> {
  const all: BulkAnswer = { done: [], failed: [], next: null };
  let isStopped = false;
  let [until, left]: [string | null, number] = [meant.until, meant.total];
  const query = { experiment: meant.experiment ? [meant.experiment] : [], where: meant.where, children: meant.children ? ["1"] : [] };
  try {
    while (until && !isStopped) {
      progress.value = { text: `${doing} ${count(meant.total - left)} of ${count(meant.total)} …`, stop: () => (isStopped = true) };
      const answer: BulkAnswer = await post(route, { ...body, query, count: left, until, without } as Bodies[R]);
      all.done.push(...answer.done);
      all.failed.push(...answer.failed);
      left = Math.max(0, left - PART);
      until = answer.next;
    }
  } catch (error) {
    say(`${(error as Error).message}${all.done.length ? ` ${plural(all.done.length, "run")} were changed before.` : ""}`, true);
  } finally {
    progress.value = null;
  }
  return all;
}

/** So many the server changes at once. */
const PART = 1000;
