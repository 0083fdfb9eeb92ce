/** From where to where a chart goes, and where its marks stand. */

import type { Stroke } from "./strokes";

export type Scale = "linear" | "log" | "symlog";
export type Extent = readonly [low: number, high: number];
/** Of all values, of all but the lowest and the highest percent, or as a person says. */
export type Limits = "all" | "inner" | Extent;

const SHARE = 0.01;
const ROOM = 0.05;

const finite = (values: readonly (number | null)[]): number[] => values.filter((one): one is number => one !== null && Number.isFinite(one));

/** The least and the greatest of some numbers, however many; null: there is none. */
export function ends(values: Iterable<number>): Extent | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const one of values) {
    if (one < low) low = one;
    if (one > high) high = one;
  }
  return low <= high ? [low, high] : null;
}

/** The number below which such a share of them lies. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
  return below + (above - below) * (place - Math.floor(place));
}

/** Where some strokes lie from left to right; on a logarithmic axis only what is above 0. */
export function acrossOf(strokes: readonly Stroke[], isLog = false): Extent | null {
  const all = strokes.flatMap(({ x }) => (isLog ? (ends(x.filter((one) => one > 0)) ?? []) : x.length ? [x[0] ?? 0, x.at(-1) ?? 0] : []));
  return widened(ends(all), isLog);
}

/** How high and low some strokes go between two places. */
export function upOf(strokes: readonly Stroke[], across: Extent, scale: Scale, limits: Limits): Extent | null {
  if (typeof limits !== "string") return limits[0] < limits[1] && (scale !== "log" || limits[0] > 0) ? limits : null;
  const values = strokes.flatMap((one) => valuesWithin(one, across, limits === "inner"));
  const shown = scale === "log" ? values.filter((one) => one > 0) : values;
  if (limits === "all") return padded(ends(shown), scale);
  const sorted = shown.sort((one, other) => one - other);
  return padded(sorted.length ? [quantile(sorted, SHARE), quantile(sorted, 1 - SHARE)] : null, scale);
}

function valuesWithin({ x, min, max, mean, smooth, group }: Stroke, [since, until]: Extent, isInner: boolean): number[] {
  const first = x.findIndex((one) => one >= since);
  if (first < 0) return [];
  const after = x.findIndex((one) => one > until);
  const part = (values: readonly (number | null)[]): number[] => finite(values.slice(first, after < 0 ? undefined : after));
  // Of what lies far off its neighbours only the line counts: the rest is what was asked to be left out.
  // The band of a group is around its average: what stands behind that may lie beside it.
  return isInner ? part(smooth ?? mean) : [...part(min), ...part(max), ...(group && smooth ? part(mean) : [])];
}

function widened(extent: Extent | null, isLog: boolean): Extent | null {
  if (!extent || extent[0] < extent[1]) return extent;
  const [at] = extent;
  return isLog ? [at / 2, at * 2] : [at - 0.5, at + 0.5];
}

function padded(extent: Extent | null, scale: Scale): Extent | null {
  if (!extent) return null;
  const [low, high] = extent;
  if (scale === "log") {
    const factor = low === high ? 2 : (high / low) ** ROOM;
    return [low / factor, high * factor];
  }
  const room = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * ROOM;
  return Number.isFinite(room) ? [low - room, high + room] : [low, high];
}

/** Up to where around 0 a symmetric logarithmic scale is next to linear: a thousandth of what is usual. */
export function bendOf(strokes: readonly Stroke[]): number {
  const sizes = strokes.flatMap(({ mean }) => finite(mean).map(Math.abs)).filter((one) => one > 0);
  if (!sizes.length) return 1;
  return (
    10 **
    Math.floor(
      Math.log10(
        quantile(
          sizes.sort((one, other) => one - other),
          0.5,
        ),
      ) - 1,
    )
  );
}

/** A part of an axis moved by a share of its length, as its scale has it. */
export function shifted([low, high]: Extent, share: number, scale: Scale, bend = 1): Extent {
  const [there, back] = WAYS[scale](bend);
  const [first, last] = [there(low), there(high)];
  const by = (last - first) * share;
  return [back(first + by), back(last + by)];
}

type Way = (value: number) => number;
const WAYS: Record<Scale, (bend: number) => [there: Way, back: Way]> = {
  linear: () => [(value) => value, (value) => value],
  log: () => [Math.log10, (value) => 10 ** value],
  symlog: (bend) => [(value) => Math.asinh(value / bend), (value) => Math.sinh(value) * bend],
};

const MOST_MARKS = 8;

/** Marks of a logarithmic scale: powers of ten, between few of them also 2 and 5, and within one decade round numbers. */
export function logMarks(low: number, high: number): number[] {
  if (!(low > 0 && high > low)) return [];
  const decades = Math.log10(high / low);
  if (decades < 0.7) return roundMarks(low, high);
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const each = Math.max(1, Math.ceil((last - first) / MOST_MARKS));
  const found: number[] = [];
  for (let power = first; power <= last; power += 1) {
    if ((power - first) % each) continue;
    for (const times of decades < 3 ? [1, 2, 5] : [1]) found.push(times * 10 ** power);
  }
  return found.filter((one) => one >= low && one <= high);
}

function roundMarks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const found: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) found.push(at * step);
  return found;
}

/** Marks of a symmetric logarithmic scale: 0, and powers of ten on both sides. */
export function symlogMarks(low: number, high: number, bend: number): number[] {
  const side = (most: number): number[] => (most > bend ? logMarks(bend, most).filter((one) => Math.log10(one) % 1 === 0) : []);
  const found = [
    ...side(-low)
      .map((one) => -one)
      .reverse(),
    0,
    ...side(high),
  ].filter((one) => one >= low && one <= high);
  return found.length > 1 ? found : roundMarks(low, high);
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How far apart the marks of a duration may stand, in seconds: as clocks are read. */
export const DURATIONS = [
  ...[1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((one) => one * MINUTE),
  ...[1, 2, 3, 6, 12].map((one) => one * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000].map((one) => one * DAY),
];

/** A mark of a duration as short as can be: `45 s`, `5 min`, `1:30 h`, `2 d`. */
export function clock(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < MINUTE) return `${Number(seconds.toPrecision(6))} s`;
  const [minutes, rest] = [Math.floor(size / MINUTE), Math.round(size % MINUTE)];
  const two = (value: number): string => String(value).padStart(2, "0");
  const sign = seconds < 0 ? "−" : "";
  if (size < HOUR) return `${sign}${minutes}${rest ? `:${two(rest)}` : ""} min`;
  const hours = Math.floor(minutes / 60);
  if (size < 2 * DAY) return `${sign}${hours}${minutes % 60 ? `:${two(minutes % 60)}` : ""} h`;
  return `${sign}${Math.floor(size / DAY)} d${hours % 24 ? ` ${hours % 24} h` : ""}`;
}
