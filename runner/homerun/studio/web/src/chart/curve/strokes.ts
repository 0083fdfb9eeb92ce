/** What is drawn of a curve: strokes, each of which goes from left to right. */

import { averaged, type Numbers, overPlaces } from "./average";
import type { Axis, Curve, GroupCurve, Odd } from "./curves";

export interface Stroke {
  x: number[];
  min: Numbers;
  max: Numbers;
  /** What the line goes through: of each place the mean of its finite numbers. */
  mean: Numbers;
  /** Of how many points each place is; of a group, of how many runs. */
  count: readonly number[];
  smooth: Numbers | null;
  /** Its average is of the places: the server has not told yet that of all points. */
  isRough: boolean;
  odd: Odd[];
  /** It is several runs: `min` and `max` are one standard deviation below and above their mean, and these are the ends. A run has so many points at each place. */
  group: { low: Numbers; high: Numbers; std: Numbers; points: number } | null;
}

export interface Bucket {
  x: number;
  count: number;
  min: number | null;
  max: number | null;
  mean: number | null;
  smooth: number | null;
  odd: Odd;
}

/**
 * Points are counted from 1, as where they are listed. A run that was begun again logs its steps again: each time is a stroke of its own, or one would be drawn over the other.
 *
 * @param smoothing as `ema:0.9`, "": none
 */
export function strokesOf(curve: Curve, smoothing = ""): Stroke[] {
  const buckets = placed(curve);
  const borders = [0, ...curve.cuts, buckets.length];
  const parts = borders.slice(1).map((end, at) => buckets.slice(borders[at], end));
  const isKnown = smoothing !== "" && curve.smoothing === smoothing;
  return parts.flatMap((part) => (part.length ? [made(merged(part), smoothing, isKnown)] : []));
}

/**
 * Several runs as one stroke, with a band around their mean, or around that of their averages.
 *
 * @param smoothing as `ema:0.9`, "": none
 */
export function groupStroke(curve: GroupCurve, smoothing = ""): Stroke {
  const { axis, x, mean, raw, std, min, max, count } = curve;
  const start = startOf(axis);
  const away = (sign: number): Numbers => mean.map((one, at) => (one === null ? null : one + sign * (std[at] ?? 0)));
  const isKnown = curve.smoothing === smoothing;
  const all = count.reduce((sum, one) => sum + one, 0);
  const plain: Stroke = {
    x: x.map((one) => one + start),
    min: away(-1),
    max: away(1),
    mean: raw,
    count,
    smooth: isKnown && smoothing ? mean : null,
    isRough: false,
    odd: mean.map(() => NONE),
    group: { low: min, high: max, std, points: curve.points / all || 1 },
  };
  return isKnown ? plain : smoothed(plain, smoothing);
}

/** A stroke with another average, of its places. */
export function smoothed(stroke: Stroke, smoothing: string): Stroke {
  return { ...stroke, smooth: smoothing ? roughly(stroke, smoothing) : null, isRough: smoothing !== "" };
}

/** At a place of a group there are so many runs, and each has its own average. */
function roughly({ mean, count, group }: Stroke, smoothing: string): Numbers {
  return group ? averaged({ mean, count: mean.map(() => 1) }, overPlaces(smoothing, group.points)) : averaged({ mean, count }, smoothing);
}

const NONE: Odd = [0, 0, 0];

export const hasExtent = ({ min, max }: Stroke): boolean => min.some((low, at) => low !== max[at]);

function placed({ axis, x, min, max, mean, count, odd, smooth }: Curve): Bucket[] {
  const start = startOf(axis);
  return x.map((end, at) => ({
    x: end + start,
    count: count[at] ?? 0,
    min: min[at] ?? null,
    max: max[at] ?? null,
    mean: mean[at] ?? null,
    smooth: smooth[at] ?? null,
    odd: odd[at] ?? [0, 0, 0],
  }));
}

/** What the number of the first point is to be read as. */
export const startOf = (axis: Axis): number => (axis === "index" ? 1 : 0);

/** What was logged several times at one place is there with its least and greatest. */
function merged(part: Bucket[]): Bucket[] {
  const found: Bucket[] = [];
  for (const one of part) {
    const former = found.at(-1);
    if (former?.x !== one.x) found.push({ ...one });
    else {
      former.min = least(former.min, one.min);
      former.max = minus(least(minus(former.max), minus(one.max)));
      former.mean = average(former, one);
      former.count += one.count;
      former.smooth = one.smooth ?? former.smooth;
      former.odd = [former.odd[0] + one.odd[0], former.odd[1] + one.odd[1], former.odd[2] + one.odd[2]];
    }
  }
  return found;
}

function average(one: Bucket, other: Bucket): number | null {
  if (one.mean === null || other.mean === null) return one.mean ?? other.mean;
  return one.mean + (other.mean - one.mean) * (other.count / (one.count + other.count));
}

const minus = (value: number | null): number | null => (value === null ? null : -value);
const least = (one: number | null, other: number | null): number | null => (one === null || other === null ? (one ?? other) : Math.min(one, other));

function made(part: Bucket[], smoothing: string, isKnown: boolean): Stroke {
  const plain: Stroke = {
    x: part.map((one) => one.x),
    min: part.map((one) => one.min),
    max: part.map((one) => one.max),
    mean: part.map((one) => one.mean),
    count: part.map((one) => one.count),
    smooth: isKnown ? part.map((one) => one.smooth) : null,
    isRough: false,
    odd: part.map((one) => one.odd),
    group: null,
  };
  return isKnown ? plain : smoothed(plain, smoothing);
}

const SIGNS = ["✕", "▲", "▼"];
const NAMES = ["NaN", "∞", "−∞"];

/** In words: `✕ 2 NaN, ▲ 1 ∞`; "" where there is none. */
export const sayOdd = (odd: Odd): string => odd.flatMap((count, kind) => (count ? [`${SIGNS[kind]} ${count} ${NAMES[kind]}`] : [])).join(", ");

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

/** How far the least and greatest of a place must lie apart to stand out, in what they usually do. */
const SPANS = 3;

/** The places of a stroke at which a line alone would hide that a value lay far off. */
export function spikes({ min, max }: Stroke): number[] {
  const spans = min.map((low, at) => (low === null ? 0 : (max[at] ?? low) - low));
  const usual = [...spans].sort((one, other) => one - other)[spans.length >> 1] ?? 0;
  return spans.flatMap((span, at) => (span > SPANS * usual ? [at] : []));
}
