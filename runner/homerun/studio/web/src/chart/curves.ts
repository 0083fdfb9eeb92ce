/** The numbers behind charts: buckets along the axis with all that is said of their points, kept fresh by a cursor. */

import { toNumber } from "../format";
import { get } from "../server/api";
import type { Numeric, Queries, SeriesRow } from "../types";

export type Axis = "step" | "time" | "relative" | "index";

export interface Curve {
  run: string;
  name: string;
  /** Along which its points stand: by number, where none has the step that was asked for. */
  axis: Axis;
  points: number;
  /** How wide each place along the axis is; 0: each bucket is a point. */
  span: number;
  /** The buckets with which another stroke begins. */
  cuts: number[];
  /** Another one after each change. */
  stamp: number;
  /** The least and the greatest place of each bucket. */
  first: number[];
  x: number[];
  /** Of the finite numbers. */
  count: number[];
  min: (number | null)[];
  max: (number | null)[];
  mean: (number | null)[];
  last: (number | null)[];
  /** How many points of each bucket are NaN, infinite, and minus infinite. */
  odd: Odd[];
  /** The weight of its average, and the average at the last point of each bucket; 0: it has none. */
  smoothing: number;
  smooth: (number | null)[];
}

export type Odd = readonly [nans: number, highs: number, lows: number];

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
  private smoothing = 0;

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

  /** Have an average of all points come too, of this weight. */
  smoothBy(weight: number): void {
    if (weight === this.smoothing) return;
    this.smoothing = weight;
    this.cursors.clear();
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
        x: this.axis,
        ...(this.smoothing ? { smooth: `ema:${this.smoothing}` } : {}),
        ...(this.isSystem ? { system: true } : {}),
        ...(this.range ? { ...this.range } : { cursor: this.cursors.get(at) ?? null }),
      };
      const { smoothing } = this;
      const answer = await get("series", query, abort);
      if (smoothing !== this.smoothing) return false; // what was asked for meanwhile is on its way
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
    const odd = part.nans.map((nans, at): Odd => [nans, part.highs[at] ?? 0, part.lows[at] ?? 0]);
    this.found.set(key, {
      run: part.run,
      name: part.name,
      axis: part.x as Axis,
      points: part.points,
      span: part.span,
      cuts: part.cuts,
      stamp: (stamps += 1),
      first: join(former?.first, part.x_first),
      x: join(former?.x, part.x_last),
      count: join(former?.count, part.count),
      min: join(former?.min, part.min.map(finite)),
      max: join(former?.max, part.max.map(finite)),
      mean: join(former?.mean, part.mean.map(finite)),
      last: join(former?.last, part.last.map(finite)),
      odd: join(former?.odd, odd),
      smoothing: this.smoothing,
      smooth: part.smooth.map(finite),
    });
  }
}

function finite(value: Numeric): number | null {
  const number = toNumber(value);
  return number !== null && Number.isFinite(number) ? number : null;
}
