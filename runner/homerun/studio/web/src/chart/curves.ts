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
  x: number[];
  min: (number | null)[];
  max: (number | null)[];
  last: (number | null)[];
}

export interface Range {
  since: number;
  until: number;
}

const MOST = 200;

export class Curves {
  readonly found = new Map<string, Curve>();
  private cursor: string | null = null;

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
    const names = this.names.slice(0, Math.max(1, Math.floor(MOST / Math.max(1, this.runs.length))));
    if (!names.length || !this.runs.length) return false;
    const query: Queries["series"] = {
      run: this.runs,
      name: names,
      width: this.width,
      x: this.axis === "relative" ? "time" : this.axis,
      ...(this.isSystem ? { system: true } : {}),
      ...(this.range ? { ...this.range } : { cursor: this.cursor }),
    };
    const answer = await get("series", query, abort);
    this.cursor = answer.cursor;
    for (const part of answer.series) this.take(part);
    return answer.series.length > 0;
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
      x: join(former?.x, part.x_last.map((x, at) => finite(x) ?? at)),
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

/** An exponential moving average of what is shown; `weight` from 0 (none) to below 1. */
export function smooth(values: (number | null)[], weight: number): (number | null)[] {
  let [sum, share] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return sum / share;
  });
}
