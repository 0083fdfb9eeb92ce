/** What a chart says of a place: each line that is drawn there, from the highest value to the lowest. */

import { duration, figure, plural } from "../format";
import type { Axis } from "./curve/curves";
import type { Drawn } from "./curve/draw";
import { nearest, type Stroke, sayOdd } from "./curve/strokes";

export interface Reading extends Drawn {
  at: number;
  x: number;
  /** What is drawn: the average, where there is one. */
  value: number | null;
  /** The least and the greatest near the place: of those that share a pixel none is passed over. */
  extent: [number, number] | null;
  /** How far it is from the pointer, in pixels. */
  away: number;
}

/** The pixels of a chart, and back. */
export interface Pixels {
  toX: (value: number) => number;
  toY: (value: number) => number;
  fromX: (pixel: number) => number;
}

type Say = (value: unknown) => string;

export interface Told {
  place: string;
  rows: Row[];
  /** How many lines are left out. */
  rest: number;
}

export interface Row {
  key: string;
  token: string;
  label: string;
  words: string;
  /** What else there is to say of it. */
  more: string;
}

const MOST = 12;
const REACH_PX = 12;
const NEAR_PX = 2;
const GAP_PX = 14;

/** Each stroke that is drawn at a place, at its own point that is nearest. */
export function readings(drawn: readonly Drawn[], pixels: Pixels, left: number, top: number): Reading[] {
  const x = pixels.fromX(left);
  return drawn.flatMap((one): Reading[] => {
    const { stroke } = one;
    const at = nearest(stroke.x, x);
    const own = stroke.x[at];
    if (own === undefined) return [];
    const isWithin = x >= (stroke.x[0] ?? x) && x <= (stroke.x.at(-1) ?? x);
    if (!isWithin && Math.abs(pixels.toX(own) - left) > REACH_PX) return [];
    const value = (stroke.smooth ?? stroke.mean)[at] ?? null;
    const near = pixels.fromX(left + NEAR_PX) - x;
    const away = value === null ? Number.POSITIVE_INFINITY : Math.abs(pixels.toY(value) - top);
    return [{ ...one, at, x: own, value, extent: extentOf(stroke, at, x - near, x + near), away }];
  });
}

function extentOf({ x, min, max, group }: Stroke, at: number, since: number, until: number): [number, number] | null {
  // Its own place, and those that lie under the pointer with it: between two places far apart neither tells of the other.
  let [first, last] = [at, at];
  while ((x[first - 1] ?? Number.NEGATIVE_INFINITY) >= since) first -= 1;
  while ((x[last + 1] ?? Number.POSITIVE_INFINITY) <= until) last += 1;
  const lows = (group?.low ?? min).slice(first, last + 1).filter((one) => one !== null);
  const highs = (group?.high ?? max).slice(first, last + 1).filter((one) => one !== null);
  return lows.length && highs.length ? [Math.min(...lows), Math.max(...highs)] : null;
}

/** What there is to say at a place, of at most twelve lines: those nearest to the pointer. */
export function tell(found: readonly Reading[], pixels: Pixels, left: number, axis: Axis, say: Say, isNamed: boolean): Told | null {
  const away = (one: Reading): number => Math.abs(pixels.toX(one.x) - left);
  const near = found.reduce<Reading | null>((best, one) => (best === null || away(one) < away(best) ? one : best), null);
  if (!near) return null;
  const place = placeOf(axis, near.x);
  const shown = [...found].sort((one, other) => one.away - other.away).slice(0, MOST);
  const height = (one: Reading): number => one.value ?? Number.NEGATIVE_INFINITY;
  shown.sort((one, other) => height(other) - height(one));
  const rows = shown.map((one) => rowOf(one, isNamed, placeOf(axis, one.x) === place ? "" : `at ${placeOf(axis, one.x)}`, say));
  return { place, rows, rest: found.length - shown.length };
}

function rowOf(one: Reading, isNamed: boolean, own: string, say: Say): Row {
  const { mean, count, smooth, isRough, odd, group } = one.stroke;
  const raw = mean[one.at] ?? null;
  const strange = sayOdd(odd[one.at] ?? [0, 0, 0]);
  const [low, high] = one.extent ?? [0, 0];
  const std = group?.std[one.at] ?? null;
  const words = one.value === null ? strange || "not finite" : `${isRough ? "≈ " : ""}${say(one.value)}${std === null ? "" : ` ± ${say(std)}`}`;
  const more = [
    ...(smooth && raw !== null ? [`not smoothed ${say(raw)}`] : []),
    ...(low !== high ? [`${say(low)} … ${say(high)}`] : []),
    ...(group ? [plural(count[one.at] ?? 0, "run")] : []),
    ...(one.value !== null && strange ? [strange] : []),
    ...(own ? [own] : []),
  ];
  return { key: one.key, token: one.paint.token, label: isNamed ? one.label : "", words, more: more.join(", ") };
}

export function placeOf(axis: Axis, x: number): string {
  if (axis === "time")
    return new Date(x * 1000).toLocaleString(undefined, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit" });
  if (axis === "relative") return duration(x);
  return `${axis === "index" ? "point" : axis.replace(/^metrics\./, "")} ${figure(x)}`;
}

/** Show it beside the pointer, and within the window; null: nothing. */
export function show(tip: HTMLElement, told: Told | null, over: HTMLElement, left: number, top: number): void {
  tip.hidden = !told;
  if (!told) return;
  const rows = told.rows.map((one) => line(`${one.label ? `${one.label}  ` : ""}${one.words}`, one.token, one.more));
  tip.replaceChildren(line(told.place), ...rows, ...(told.rest ? [line(`and ${told.rest} more`)] : []));
  // Not before there is something to show: to ask where an element is makes the browser lay out the page.
  put(tip, over.getBoundingClientRect(), left, top);
}

function line(text: string, token = "", more = ""): HTMLElement {
  const element = document.createElement("div");
  if (token) {
    const dot = document.createElement("i");
    dot.style.background = `var(${token})`;
    element.append(dot);
  }
  element.append(text);
  if (more) {
    const dim = document.createElement("span");
    dim.className = "dim";
    dim.textContent = ` (${more})`;
    element.append(dim);
  }
  return element;
}

function put(tip: HTMLElement, over: DOMRect, left: number, top: number): void {
  const { width, height } = tip.getBoundingClientRect();
  const [x, y] = [over.left + left, over.top + top];
  const isRight = x + GAP_PX + width > innerWidth;
  tip.style.left = `${Math.max(0, isRight ? x - GAP_PX - width : x + GAP_PX)}px`;
  tip.style.top = `${Math.max(0, Math.min(y + GAP_PX, innerHeight - height - 4))}px`;
}
