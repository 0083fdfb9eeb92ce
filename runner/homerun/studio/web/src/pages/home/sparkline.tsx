/** A curve without axes, over that of the best run. */

import { figure, toNumber } from "../../format";
import type { Numeric, SeriesRow } from "../../types";

const WIDTH = 120;
const HEIGHT = 32;
const EDGE = 2;

interface Props {
  metric: string;
  value: Numeric;
  own: SeriesRow;
  best: SeriesRow | null;
  /** The best of the other runs. */
  bestValue: number | null;
  isMost: boolean;
}

/** How a run does against the best of the others; "": there is none. */
export function bestWords(value: number | null, other: number | null, isMost: boolean): string {
  if (other === null) return "";
  const isBest = value !== null && (isMost ? value > other : value < other);
  return isBest ? "best so far" : `best other ${figure(other)}`;
}

export function Sparkline({ metric, value, own, best, bestValue, isMost }: Props) {
  const both = best ? [own, best] : [own];
  const across = span(both.flatMap((one) => one.x_last));
  const along = span(both.flatMap(valuesOf));
  const last = figure(toNumber(value) ?? Number.NaN);
  const against = bestWords(toNumber(value), bestValue, isMost);
  const words = [`${metric} ${last}`, against].filter(Boolean).join(", ");
  return (
    <figure class="spark">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words}>
        {best && <path class="spark-best" d={path(best, across, along)} />}
        <path class="spark-own" d={path(own, across, along)} />
      </svg>
      <figcaption title={words}>
        <span>{metric}</span> <b>{last}</b>
        {against && <span class="dim">{against}</span>}
      </figcaption>
    </figure>
  );
}

const valuesOf = (one: SeriesRow): number[] => one.mean.filter((value): value is number => typeof value === "number");

function span(values: number[]): [number, number] {
  const low = values.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  const high = values.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
  return high > low ? [low, high] : [low - 1, high + 1];
}

/** A stroke through what are numbers; it begins again behind what is none, and where the run was begun again. */
export function path(one: SeriesRow, across: [number, number], along: [number, number]): string {
  const cuts = new Set(one.cuts);
  let isDown = false;
  const found: string[] = [];
  one.mean.forEach((value, at) => {
    const x = one.x_last[at];
    if (typeof value !== "number" || x === undefined) {
      isDown = false;
      return;
    }
    const place = [scaled(x, across, EDGE, WIDTH - EDGE), scaled(value, along, HEIGHT - EDGE, EDGE)].map((one) => one.toFixed(1)).join(" ");
    found.push(`${isDown && !cuts.has(at) ? "L" : "M"}${place}`);
    isDown = true;
  });
  if (found.length === 1) found.push("h0.01"); // a point alone is seen by its round cap
  return found.join("");
}

const scaled = (value: number, [low, high]: [number, number], from: number, to: number): number => from + ((value - low) / (high - low)) * (to - from);
