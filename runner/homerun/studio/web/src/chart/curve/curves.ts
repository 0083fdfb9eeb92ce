/** The numbers behind charts: buckets along the axis with all that is said of their points, kept fresh by a cursor. */

import { toNumber } from "../../format";
import { get } from "../../server/api";
import type { GroupSeries, Numeric, Queries, SeriesRow } from "../../types";

/** `metrics.NAME`: the numbers of another metric. */
export type Axis = "step" | "time" | "relative" | "index" | `metrics.${string}`;

export interface Curve {
  run: string;
  name: string;
  /** Along which its points stand: by number, where none has the step that was asked for. */
  axis: Axis;
  points: number;
  /** How many points are not in it, as the metric that is its axis has no number there. */
  leftOut: number;
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
  /** What its average is, as `ema:0.9`, and that at the last point of each bucket; "": it has none. */
  smoothing: string;
  smooth: (number | null)[];
}

export type Odd = readonly [nans: number, highs: number, lows: number];

/** Several runs as one: at each place what they have on average, how far they lie apart, and how many are there. */
export interface GroupCurve {
  name: string;
  /** Of each field that they were grouped by. */
  values: unknown[];
  runs: string[];
  axis: Axis;
  stamp: number;
  x: number[];
  /** What their average is, as `ema:0.9`; "": none. */
  smoothing: string;
  mean: (number | null)[];
  /** Their mean without that average. */
  raw: (number | null)[];
  std: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  count: number[];
  /** Of all runs together. */
  points: number;
}

export interface Range {
  since: number;
  until: number;
}

interface Asked {
  range?: Range | null;
  /** They are what runs used of their machine. */
  isSystem?: boolean;
  /** The fields by which runs are gathered. */
  groups?: readonly string[];
  /** Runs that have a curve of their own beside the groups. */
  beside?: readonly string[];
}

/** Of groups with an average. */
const SMOOTHED = ["mean", "std", "min", "max", "raw"];
const MOST_SERIES = 2000;
const MOST_PLACES = 400_000;
let stamps = 0;

export class Curves {
  readonly found = new Map<string, Curve>();
  /** By the name of the metric. */
  readonly grouped = new Map<string, GroupCurve[]>();
  private readonly cursors = new Map<string, string>();
  private smoothing = "";
  private readonly beside: Curves | null;

  constructor(
    readonly runs: readonly string[],
    readonly axis: Axis,
    private readonly width: number,
    private readonly asked: Asked = {},
  ) {
    const { groups, beside, ...same } = asked;
    this.beside = groups?.length && beside?.length ? new Curves(beside, axis, width, same) : null;
  }

  /** The same of a part of the axis. */
  within(range: Range): Curves {
    return new Curves(this.runs, this.axis, this.width, { ...this.asked, range });
  }

  get(run: string, name: string): Curve | undefined {
    return this.found.get(keyOf(run, name)) ?? this.beside?.get(run, name);
  }

  has(name: string): boolean {
    return this.grouped.has(name) || this.runs.some((run) => this.found.has(keyOf(run, name)));
  }

  /** Have an average of all points come too, as `ema:0.9`; "": none. */
  smoothBy(word: string): void {
    this.beside?.smoothBy(word);
    if (word === this.smoothing) return;
    this.smoothing = word;
    this.cursors.clear();
  }

  /** Whether all that is there of some metrics has such an average of all points. */
  isAveraged(names: readonly string[], word: string): boolean {
    const isOf = (one: { smoothing: string } | undefined): boolean => (one?.smoothing ?? word) === word;
    const ids = [...this.runs, ...(this.beside?.runs ?? [])];
    return names.every((name) => ids.every((run) => isOf(this.get(run, name))) && (this.grouped.get(name) ?? []).every(isOf));
  }

  /** Read what is new of some metrics, in as few questions as can be. Answers whether anything is. */
  async read(names: readonly string[], abort?: AbortSignal): Promise<boolean> {
    const parts = await Promise.all([this.readOwn(names, abort), this.beside?.read(names, abort)]);
    return parts.some(Boolean);
  }

  private async readOwn(names: readonly string[], abort?: AbortSignal): Promise<boolean> {
    const runs = Math.max(1, this.runs.length);
    const most = Math.max(1, Math.floor(Math.min(MOST_SERIES, MOST_PLACES / this.width) / runs));
    let isNew = false;
    for (let at = 0; this.runs.length && at < names.length; at += most) {
      const some = names.slice(at, at + most);
      const { smoothing } = this;
      const answer = await get("series", this.query(some), abort);
      if (smoothing !== this.smoothing) return false; // what was asked for meanwhile is on its way
      this.keep(some, answer.cursor);
      for (const part of answer.series) this.take(part);
      this.takeGroups(some, answer.groups);
      isNew ||= answer.series.length + answer.groups.length > 0;
    }
    return isNew;
  }

  private query(names: string[]): Queries["series"] {
    const { range, isSystem, groups } = this.asked;
    return {
      run: [...this.runs],
      name: names,
      width: this.width,
      x: this.axis,
      ...(this.smoothing ? { smooth: this.smoothing, stat: SMOOTHED } : {}),
      ...(isSystem ? { system: true } : {}),
      ...(groups?.length ? { group: [...groups] } : {}),
      ...(range ? { ...range } : { cursor: this.cursorOf(names) }),
    };
  }

  private keysOf(names: readonly string[]): string[] {
    return this.asked.groups?.length ? [names.join("\n")] : this.runs.flatMap((run) => names.map((name) => keyOf(run, name)));
  }

  private cursorOf(names: readonly string[]): string | null {
    const parts = this.keysOf(names).map((key) => this.cursors.get(key) ?? "");
    return parts.some(Boolean) ? parts.join(",") : null;
  }

  private keep(names: readonly string[], cursor: string): void {
    const keys = this.keysOf(names);
    const parts = this.asked.groups?.length ? [cursor] : cursor.split(",");
    keys.forEach((key, at) => this.cursors.set(key, parts[at] ?? ""));
  }

  private take(part: SeriesRow): void {
    const key = keyOf(part.run, part.name);
    const former = part.anew ? undefined : this.found.get(key);
    const kept = former ? part.from : 0;
    const join = <T>(old: T[] | undefined, next: T[]): T[] => [...(old ?? []).slice(0, kept), ...next];
    const odd = part.nans.map((nans, at): Odd => [nans, part.highs[at] ?? 0, part.lows[at] ?? 0]);
    this.found.set(key, {
      run: part.run,
      name: part.name,
      axis: part.x as Axis,
      points: part.points,
      leftOut: part.left_out,
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

  private takeGroups(names: readonly string[], groups: readonly GroupSeries[]): void {
    if (!this.asked.groups?.length) return;
    const keyed = (values: unknown[]): string => JSON.stringify(values);
    for (const name of names) {
      const known = new Map((this.grouped.get(name) ?? []).map((one) => [keyed(one.values), one]));
      for (const one of groups) if (one.name === name) known.set(keyed(one.values), groupOf(one, this.smoothing));
      this.grouped.set(name, [...known.values()]);
    }
  }
}

const keyOf = (run: string, name: string): string => `${run}\n${name}`;

function groupOf(one: GroupSeries, smoothing: string): GroupCurve {
  const numbers = (values: Numeric[] | undefined): (number | null)[] => (values ?? []).map(finite);
  return {
    name: one.name,
    values: one.values,
    runs: one.runs,
    axis: one.x as Axis,
    stamp: (stamps += 1),
    x: one.places,
    smoothing,
    mean: numbers(one.mean),
    raw: numbers(one.raw ?? one.mean),
    std: numbers(one.std),
    min: numbers(one.min),
    max: numbers(one.max),
    count: one.count,
    points: one.points,
  };
}

function finite(value: Numeric): number | null {
  const number = toNumber(value);
  return number !== null && Number.isFinite(number) ? number : null;
}
