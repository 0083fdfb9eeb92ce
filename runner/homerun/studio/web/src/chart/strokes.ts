/** What is drawn of a curve: strokes, each of which goes from left to right. */

import type { Axis, Curve } from "./curves";

type Numbers = (number | null)[];

export interface Stroke {
  x: number[];
  min: Numbers;
  max: Numbers;
  last: Numbers;
  smooth: Numbers | null;
}

interface Bucket {
  from: number;
  x: number;
  min: number | null;
  max: number | null;
  last: number | null;
}

/** With more falls than these its steps have no order, and its points are put into one. */
const MOST_STROKES = 8;

/**
 * Points are counted from 1, as where they are listed. A run that was begun again logs its steps again: each time is a stroke of its own, or one would be drawn over the other.
 *
 * @param smoothing the weight of the moving average, 0: none
 */
export function strokesOf(curve: Curve, axis: Axis, smoothing = 0): Stroke[] {
  const buckets = placed(curve);
  const start = axis === "relative" ? (buckets[0]?.from ?? 0) : axis === "index" ? -1 : 0;
  const parts = cut(buckets);
  const shown = parts.length > MOST_STROKES ? [buckets.sort((one, other) => one.x - other.x)] : parts;
  return shown.map((part) => stroke(merged(part), start, smoothing));
}

export const hasExtent = ({ min, max }: Stroke): boolean => min.some((low, at) => low !== max[at]);

/** Buckets with their places. Of a metric that was logged without steps it is the number of the point. */
function placed({ first, x, min, max, last, count }: Curve): Bucket[] {
  const hasNone = x.every((one) => one === null);
  let seen = 0;
  return x.flatMap((end, at) => {
    const begin = seen + 1;
    seen += count[at] ?? 1;
    const [from, to] = hasNone ? [begin, seen] : [first[at] ?? null, end];
    if (to === null) return [];
    return [{ from: from ?? to, x: to, min: min[at] ?? null, max: max[at] ?? null, last: last[at] ?? null }];
  });
}

function cut(buckets: Bucket[]): Bucket[][] {
  const parts: Bucket[][] = [];
  for (const one of buckets) {
    const part = parts.at(-1);
    const former = part?.at(-1);
    if (part && former && one.from >= former.x) part.push(one);
    else parts.push([one]);
  }
  return parts;
}

/** What was logged several times at one place is there with its least and greatest. */
function merged(part: Bucket[]): Bucket[] {
  const found: Bucket[] = [];
  for (const one of part) {
    const former = found.at(-1);
    if (former?.x !== one.x) found.push({ ...one });
    else {
      former.min = least(former.min, one.min);
      former.max = -(least(minus(former.max), minus(one.max)) ?? 0);
      former.last = one.last ?? former.last;
    }
  }
  return found;
}

const minus = (value: number | null): number | null => (value === null ? null : -value);
const least = (one: number | null, other: number | null): number | null => (one === null || other === null ? (one ?? other) : Math.min(one, other));

function stroke(part: Bucket[], start: number, smoothing: number): Stroke {
  const last = part.map((one) => one.last);
  return {
    x: part.map((one) => one.x - start),
    min: part.map((one) => one.min),
    max: part.map((one) => one.max),
    last,
    smooth: smoothing ? smooth(last, smoothing) : null,
  };
}

/** An exponential moving average of what is shown; `weight` from 0 (none) to below 1. */
function smooth(values: Numbers, weight: number): Numbers {
  let [sum, share] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return sum / share;
  });
}

/** The place in a stroke that is nearest to an x. */
export function nearest(xs: readonly number[], x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((xs[middle] ?? 0) < x) low = middle + 1;
    else high = middle;
  }
  const isBefore = low > 0 && x - (xs[low - 1] ?? 0) < (xs[low] ?? 0) - x;
  return isBefore ? low - 1 : low;
}

type Column = (number | null | undefined)[];

/** One table of all strokes: a column of places, and for each stroke its least, greatest, last and smoothed. Undefined is where it has none. */
export function tableOf(strokes: readonly Stroke[]): [number[], ...Column[]] {
  const [only] = strokes;
  const columnsOf = ({ min, max, last, smooth }: Stroke): Numbers[] => [min, max, last, ...(smooth ? [smooth] : [])];
  if (only && strokes.length === 1) return [only.x, ...columnsOf(only)];
  const xs = [...new Set(strokes.flatMap((one) => one.x))].sort((one, other) => one - other);
  const place = new Map(xs.map((x, at) => [x, at]));
  const columns = strokes.flatMap((one) =>
    columnsOf(one).map((values) => {
      const column: Column = new Array(xs.length).fill(undefined);
      one.x.forEach((x, at) => (column[place.get(x) ?? 0] = values[at]));
      return column;
    }),
  );
  return [xs, ...columns];
}

/** How far the least and greatest of a place must lie apart to stand out, in what they usually do. */
const SPANS = 3;

/** The places of a stroke at which a line alone would hide that a value lay far off. */
export function spikes({ min, max }: Stroke): number[] {
  const spans = min.map((low, at) => (low === null ? 0 : (max[at] ?? low) - low));
  const usual = [...spans].sort((one, other) => one - other)[spans.length >> 1] ?? 0;
  return spans.flatMap((span, at) => (span > SPANS * usual ? [at] : []));
}
