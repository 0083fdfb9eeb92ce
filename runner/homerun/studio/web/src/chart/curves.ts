/** The numbers behind charts: buckets with the least, greatest and last value, kept fresh by a cursor. */

import { get } from "../server/api";
import { toNumber } from "../format";
import type { Numeric, Queries, SeriesRow } from "../types";

export type Axis = "step" | "time" | "relative" | "index";

export interface Curve {
  run: string;
  name: string;
  points: number;
  size: number;
  /** Another one after each change. */
  stamp: number;
  /** The least and the greatest place of each bucket; null where no point of it has one. */
  first: (number | null)[];
  x: (number | null)[];
  count: number[];
  min: (number | null)[];
  max: (number | null)[];
  last: (number | null)[];
}

export interface Range {
  since: number;
  until: number;
}

const MOST = 200;
let stamps = 0;

export class Curves {
  readonly found = new Map<string, Curve>();
  /** By the place of the first name of a question. */
  private readonly cursors = new Map<number, string>();

  constructor(
    private readonly runs: string[],
    private readonly names: string[],
    private readonly axis: Axis,
    private readonly width: number,
    private readonly range: Range | null = null,
    private readonly isSystem = false,
  ) {}

  get(run: string, name: string): Curve | undefined {
    return this.found.get(`${run}\n${name}`);
  }

  /** Read what is new. Answers whether anything is. */
  async read(abort?: AbortSignal): Promise<boolean> {
    const most = Math.max(1, Math.floor(MOST / Math.max(1, this.runs.length)));
    let isNew = false;
    for (let at = 0; this.runs.length && at < this.names.length; at += most) {
      const query: Queries["series"] = {
        run: this.runs,
        name: this.names.slice(at, at + most),
        width: this.width,
        x: this.axis === "relative" ? "time" : this.axis,
        ...(this.isSystem ? { system: true } : {}),
        ...(this.range ? { ...this.range } : { cursor: this.cursors.get(at) ?? null }),
      };
      const answer = await get("series", query, abort);
      this.cursors.set(at, answer.cursor);
      for (const part of answer.series) this.take(part);
      isNew ||= answer.series.length > 0;
    }
    return isNew;
  }

  private take(part: SeriesRow): void {
    const key = `${part.run}\n${part.name}`;
    const former = part.anew ? undefined : this.found.get(key);
    const kept = former ? part.from : 0;
    const join = <T>(old: T[] | undefined, next: T[]): T[] => [...(old ?? []).slice(0, kept), ...next];
    this.found.set(key, {
      run: part.run,
      name: part.name,
      points: part.points,
      size: part.size,
      stamp: (stamps += 1),
      first: join(former?.first, part.x_first.map(finite)),
      x: join(former?.x, part.x_last.map(finite)),
      count: join(former?.count, part.count),
      min: join(former?.min, part.min.map(finite)),
      max: join(former?.max, part.max.map(finite)),
      last: join(former?.last, part.last.map(finite)),
    });
  }
}

function finite(value: Numeric): number | null {
  const number = toNumber(value);
  return number !== null && Number.isFinite(number) ? number : null;
}
