/** Which lines a chart has: of each run its curve, or of each group its mean. */

import { NO_VALUE, plural } from "../format";
import type { Line } from "./chart";
import type { Curve, Curves, GroupCurve } from "./curve/curves";
import { BESIDE, type Paint, paintOf } from "./curve/paints";
import { groupStroke, strokesOf } from "./curve/strokes";
import type { Tints } from "./curve/tints";
import type { Name } from "./legend";

export interface ChartedRun {
  id: string;
  /** As legends name it. */
  label: string;
  /** Its number among colours; else its place. */
  colour?: number;
}

const isNothing = (value: unknown): boolean => value === null || value === undefined;

/** What a group is called: `0.1`, or with several fields `0.1, adam`. */
export const groupName = (values: readonly unknown[]): string => values.map((one) => (isNothing(one) ? NO_VALUE : String(one))).join(", ");

/** What tells a group from others: a text that reads as a number, or as none, is another value. */
export const groupKey = (values: readonly unknown[]): string => JSON.stringify(values);

/** @param tints by which they are coloured; null: each has a colour of its own */
export function namesOfRuns(runs: readonly ChartedRun[], tints: Tints | null = null): Name[] {
  return runs.map(({ id, label, colour }, at) =>
    tints ? { key: id, label: `${label} · ${tints.words(at)}`, paint: tints.paint(at) } : { key: id, label, paint: paintOf(colour ?? at) },
  );
}

/** Groups in the order of their values, so that each keeps its colour. */
export function namesOfGroups(groups: readonly GroupCurve[]): Name[] {
  const ordered = [...groups].sort((one, other) => inOrder(one.values, other.values));
  return ordered.map(({ values, runs }, at) => ({
    key: groupKey(values),
    label: `${groupName(values)} (${plural(runs.length, "run")})`,
    paint: paintOf(at),
    isDim: values.every(isNothing),
    runs,
  }));
}

/** Runs that have a line of their own beside groups. */
export const namesBeside = (runs: readonly ChartedRun[]): Name[] => runs.map(({ id, label }) => ({ key: id, label, paint: BESIDE }));

/** How a run is drawn among groups: by a line of its own, else by that of its group. */
export function paintAmong(names: readonly Name[], run: string): Paint | null {
  return (names.find(({ key }) => key === run) ?? names.find(({ runs }) => runs?.includes(run)))?.paint ?? null;
}

function inOrder(one: readonly unknown[], other: readonly unknown[]): number {
  const at = one.findIndex((value, place) => value !== other[place]);
  const [first, second] = [one[at] ?? null, other[at] ?? null];
  if (first === null || second === null) return Number(first === null) - Number(second === null);
  return typeof first === "number" && typeof second === "number" ? first - second : String(first).localeCompare(String(second), undefined, { numeric: true });
}

/** Strokes of curves that have not changed are not made again. */
const made = new WeakMap<Curve, { smoothing: string; strokes: ReturnType<typeof strokesOf> }>();

function strokes(curve: Curve, smoothing: string): ReturnType<typeof strokesOf> {
  const known = made.get(curve);
  if (known?.smoothing === smoothing) return known.strokes;
  const found = strokesOf(curve, smoothing);
  made.set(curve, { smoothing, strokes: found });
  return found;
}

export function linesOfRuns(curves: Curves, name: string, names: readonly Name[], hidden: readonly string[], smoothing: string): Line[] {
  return names.flatMap(({ key, label, paint }) => {
    const curve = hidden.includes(key) ? undefined : curves.get(key, name);
    return curve?.x.length ? [{ key, label, paint, strokes: strokes(curve, smoothing) }] : [];
  });
}

export function linesOfGroups(groups: readonly GroupCurve[], names: readonly Name[], hidden: readonly string[], smoothing: string): Line[] {
  return groups.flatMap((one) => {
    const name = names.find(({ key }) => key === groupKey(one.values));
    return name && !hidden.includes(name.key) && one.x.length ? [{ ...name, strokes: [groupStroke(one, smoothing)] }] : [];
  });
}
