/** Which lines a chart has: of each run its curve, or of each group its mean. */

import type { Line } from "./chart";
import type { Curve, Curves, GroupCurve } from "./curve/curves";
import { paintOf } from "./curve/paints";
import { groupStroke, strokesOf } from "./curve/strokes";
import type { Name } from "./legend";

export interface ChartedRun {
  id: string;
  /** As legends name it. */
  label: string;
  /** Its number among colours; else its place. */
  colour?: number;
}

/** What a group is called: `0.1`, or with several fields `0.1, adam`. */
export const groupName = (values: readonly unknown[]): string => values.map((one) => (one === null || one === undefined ? "none" : String(one))).join(", ");

export const namesOfRuns = (runs: readonly ChartedRun[]): Name[] => runs.map(({ id, label, colour }, at) => ({ key: id, label, paint: paintOf(colour ?? at) }));

export function namesOfGroups(groups: readonly GroupCurve[]): Name[] {
  return groups.map((one, at) => ({ key: groupName(one.values), label: `${groupName(one.values)} (${one.runs.length})`, paint: paintOf(at) }));
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

export function linesOfGroups(groups: readonly GroupCurve[], names: readonly Name[], hidden: readonly string[]): Line[] {
  return groups.flatMap((one) => {
    const name = names.find(({ key }) => key === groupName(one.values));
    return name && !hidden.includes(name.key) && one.x.length ? [{ ...name, strokes: [groupStroke(one)] }] : [];
  });
}
