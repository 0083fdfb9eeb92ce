/** What a chart says of the place under the pointer. */

import type uPlot from "uplot";
import { duration, figure } from "../format";
import type { Axis } from "./curves";
import { nearest, type Stroke, sayOdd } from "./strokes";

export interface Drawn {
  stroke: Stroke;
  label: string;
  colour: string;
  /** Another stroke of its run comes after it. */
  isFormer: boolean;
}

interface Reading extends Drawn {
  at: number;
  x: number;
  /** The least and the greatest near the pointer: of places that share a pixel none is passed over. */
  extent: [number, number] | null;
  /** How far it is from the pointer, in pixels. */
  away: number;
}

type Say = (value: unknown) => string;

const MOST = 12;
const REACH_PX = 12;
const NEAR_PX = 2;
const GAP_PX = 14;

export function tell(plot: uPlot, drawn: readonly Drawn[], axis: Axis, say: Say, tip: HTMLElement | null): void {
  if (!tip) return;
  const { left = -1, top = -1 } = plot.cursor;
  const found = left < 0 ? [] : readings(plot, drawn, left, top);
  tip.hidden = !found.length;
  const [near] = [...found].sort((one, other) => Math.abs(plot.valToPos(one.x, "x") - left) - Math.abs(plot.valToPos(other.x, "x") - left));
  if (!near) return;
  const place = placeOf(axis, near.x);
  const shown = [...found].sort((one, other) => one.away - other.away).slice(0, MOST);
  shown.sort((one, other) => (value(other) ?? Number.NEGATIVE_INFINITY) - (value(one) ?? Number.NEGATIVE_INFINITY));
  const rows = shown.map((one) => row(one, drawn.length > 1, placeOf(axis, one.x) === place ? "" : `at ${placeOf(axis, one.x)}`, say));
  const rest = found.length - shown.length;
  tip.replaceChildren(line(place), ...rows, ...(rest ? [line(`and ${rest} more`)] : []));
  put(tip, plot.over.getBoundingClientRect(), left, top);
}

/** Each stroke that is drawn at that place, at its own point that is nearest. */
function readings(plot: uPlot, drawn: readonly Drawn[], left: number, top: number): Reading[] {
  const x = plot.posToVal(left, "x");
  return drawn.flatMap((one): Reading[] => {
    const at = nearest(one.stroke.x, x);
    const own = one.stroke.x[at];
    if (own === undefined) return [];
    const isWithin = x >= (one.stroke.x[0] ?? x) && x <= (one.stroke.x.at(-1) ?? x);
    if (!isWithin && Math.abs(plot.valToPos(own, "x") - left) > REACH_PX) return [];
    const height = value({ ...one, at });
    const near = plot.posToVal(left + NEAR_PX, "x") - x;
    return [
      {
        ...one,
        at,
        x: own,
        extent: extentOf(one.stroke, at, x - near, x + near),
        away: height === null ? Number.POSITIVE_INFINITY : Math.abs(plot.valToPos(height, "y") - top),
      },
    ];
  });
}

function extentOf({ x, min, max }: Stroke, at: number, since: number, until: number): [number, number] | null {
  const [first, last] = [Math.min(at, nearest(x, since)), Math.max(at, nearest(x, until))];
  const lows = min.slice(first, last + 1).filter((one) => one !== null);
  const highs = max.slice(first, last + 1).filter((one) => one !== null);
  return lows.length && highs.length ? [Math.min(...lows), Math.max(...highs)] : null;
}

/** What is drawn: the average, where there is one. */
function value({ stroke, at }: Pick<Reading, "stroke" | "at">): number | null {
  return (stroke.smooth ?? stroke.mean)[at] ?? null;
}

function row(one: Reading, isNamed: boolean, own: string, say: Say): HTMLElement {
  const { mean, smooth, odd } = one.stroke;
  const raw = mean[one.at] ?? null;
  const strange = sayOdd(odd[one.at] ?? [0, 0, 0]);
  const [low, high] = one.extent ?? [0, 0];
  const shown = value(one);
  const words = shown === null ? strange || "not finite" : say(shown);
  const more = [
    ...(smooth && raw !== null ? [`not smoothed ${say(raw)}`] : []),
    ...(low !== high ? [`${say(low)} … ${say(high)}`] : []),
    ...(shown !== null && strange ? [strange] : []),
    ...(own ? [own] : []),
  ];
  return line(`${isNamed ? `${one.label}  ` : ""}${words}`, one.colour, more.join(", "));
}

function placeOf(axis: Axis, x: number): string {
  if (axis === "time") return new Date(x * 1000).toLocaleTimeString();
  if (axis === "relative") return duration(x);
  return `${axis === "index" ? "point" : axis} ${figure(x)}`;
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

/** Beside the pointer, and within the window. */
function put(tip: HTMLElement, over: DOMRect, left: number, top: number): void {
  const { width, height } = tip.getBoundingClientRect();
  const [x, y] = [over.left + left, over.top + top];
  const isRight = x + GAP_PX + width > innerWidth;
  tip.style.left = `${Math.max(0, isRight ? x - GAP_PX - width : x + GAP_PX)}px`;
  tip.style.top = `${Math.max(0, Math.min(y + GAP_PX, innerHeight - height - 4))}px`;
}
