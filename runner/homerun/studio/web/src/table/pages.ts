/** The runs of a table, read in pages as they come into view, and kept fresh by events. */

import { batch, signal } from "@preact/signals";
import { type ApiError, get } from "../server/api";
import type { GroupRow, Queries, RunRow, RunsAnswer, Unread } from "../types";

export const PAGE = 200;
const KEPT_PAGES = 40;

export class RunPages {
  readonly total = signal<number | null>(null);
  readonly groups = signal<GroupRow[] | null>(null);
  /** How many runs are still to be read into the index, which is being made. */
  readonly unread = signal<Unread | null>(null);
  readonly error = signal<Error | null>(null);
  /** Counts up whenever a row may look different. */
  readonly version = signal(0);

  private readonly pages = new Map<number, RunRow[]>();
  private readonly asked = new Set<number>();
  private readonly places = new Map<string, [number, number]>();
  private round = 0;
  /** From where to where is to be read again once what is being read is there. */
  private due: [number, number] | null = null;

  private metrics: readonly string[] = [];

  constructor(
    private readonly query: Queries["runs"],
    readonly isFiltered: boolean,
  ) {}

  /** Which metrics the rows hold; those in view stay as they are until they are read again. */
  hold(metrics: readonly string[], first: number, last: number): void {
    if (metrics.join() === this.metrics.join()) return;
    this.metrics = metrics;
    if (this.pages.size || this.asked.size) this.readAgain(first, last);
  }

  at(index: number): RunRow | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** The row of a run; null where it is not known. */
  rowOf(id: string): number | null {
    const [page, at] = this.places.get(id) ?? [-1, 0];
    return this.pages.get(page)?.[at]?.id === id ? page * PAGE + at : null;
  }

  /** Read what is missing between two rows. */
  need(first: number, last: number): void {
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page += 1) {
      if (!this.pages.has(page) && !this.asked.has(page)) void this.read(page);
    }
  }

  /** Read the pages in view again; the others when they come into view. An answer on its way is waited for: a slow one would never come. */
  refresh(first: number, last: number): void {
    if (this.asked.size) this.due = [first, last];
    else this.readAgain(first, last);
  }

  private readAgain(first: number, last: number): void {
    this.due = null;
    this.round += 1;
    this.asked.clear();
    const [from, to] = [Math.floor(first / PAGE), Math.floor(last / PAGE)];
    for (const page of [...this.pages.keys()]) if (page < from || page > to) this.pages.delete(page);
    for (let page = from; page <= to; page += 1) void this.read(page);
  }

  /** Put changed rows in their places. Answers whether the order may be another now. */
  update(changed: RunRow[]): boolean {
    let isStrange = false;
    for (const run of changed) {
      const place = this.places.get(run.id);
      const page = place && this.pages.get(place[0]);
      if (page && page[place[1]]?.id === run.id) page[place[1]] = run;
      else isStrange = true;
    }
    this.version.value += 1;
    return isStrange;
  }

  private async read(page: number): Promise<void> {
    const round = this.round;
    this.asked.add(page);
    try {
      const answer = await get("runs", { ...this.query, metrics: [...this.metrics], skip: page * PAGE, limit: PAGE });
      if (round === this.round) this.take(page, answer);
    } catch (error) {
      if (round === this.round) this.error.value = error as ApiError;
    } finally {
      if (round === this.round) {
        this.asked.delete(page);
        if (this.due && !this.asked.size) this.readAgain(...this.due);
      }
    }
  }

  private take(page: number, answer: RunsAnswer): void {
    this.pages.set(page, answer.runs);
    answer.runs.forEach((run, at) => this.places.set(run.id, [page, at]));
    const oldest = this.pages.keys().next().value;
    if (this.pages.size > KEPT_PAGES && oldest !== undefined) this.pages.delete(oldest);
    batch(() => {
      this.total.value = answer.total;
      this.groups.value = answer.groups;
      this.unread.value = answer.unread;
      this.error.value = null;
      this.version.value += 1;
    });
  }
}
