/** Fields of runs as columns, and what charts compute of them. */

import { NO_VALUE, toNumber, took } from "../format";
import type { RunRow } from "../types";

export type Value = number | string | null;

export interface FieldColumn {
  name: string;
  /** Of each run; a number wherever all that have one are numbers. */
  values: Value[];
  isNumber: boolean;
}

const PLAIN: Record<string, (run: RunRow) => Value> = {
  duration: (run) => took(run),
  cpu_s: (run) => run.cpu_s,
  memory_kib: (run) => run.memory_kib,
  gpu_percent: (run) => run.gpu_percent,
  number: (run) => run.number,
  status: (run) => run.status,
  experiment: (run) => run.experiment,
  user: (run) => run.user,
};

/** All fields of which two runs have another value, parameters first; metrics by their last value. */
export function columnsOfRuns(runs: readonly RunRow[]): FieldColumn[] {
  const keys = (of: (run: RunRow) => object): string[] => [...new Set(runs.flatMap((run) => Object.keys(of(run))))].sort();
  const found = [
    ...keys((run) => run.params).map((key) => made(`params.${key}`, runs, (run) => parameter(run.params[key]))),
    ...keys((run) => run.metrics).map((key) => made(`metrics.${key}`, runs, (run) => finite(toNumber(run.metrics[key]?.last)))),
    ...keys((run) => run.tags).map((key) => made(`tags.${key}`, runs, (run) => (key in run.tags ? (run.tags[key] ?? "✓") : null))),
    ...Object.entries(PLAIN).map(([name, read]) => made(name, runs, read)),
  ];
  return found.filter((one) => new Set(one.values).size > 1 || one.name.startsWith("metrics."));
}

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);

function parameter(value: RunRow["params"][string] | undefined): Value {
  if (value === undefined || value === null) return null;
  return typeof value === "number" ? finite(value) : typeof value === "string" ? value : JSON.stringify(value);
}

function made(name: string, runs: readonly RunRow[], read: (run: RunRow) => Value): FieldColumn {
  const values = runs.map(read);
  const known = values.filter((one) => one !== null);
  const isNumber = known.length > 0 && known.every((one) => typeof one === "number");
  return { name, isNumber, values: isNumber ? values : values.map((one) => (one === null ? null : String(one))) };
}

/** The shortest names that tell some fields apart. */
export function titlesOf(columns: readonly { name: string }[]): (name: string) => string {
  const short = (name: string): string => name.replace(/^(params|metrics|tags)\./, "");
  const all = columns.map((one) => short(one.name));
  return (name) => (all.filter((one) => one === short(name)).length > 1 ? name : short(name));
}

/** On which axes more is better: as the address says, `-` for on none, else as the names of the fields tell. */
export function betterOf(named: string | null, ways: ReadonlyMap<string, boolean | null>, x: string, y: string): { x: boolean; y: boolean } {
  if (named) return { x: named.includes("x"), y: named.includes("y") };
  return { x: ways.get(x) ?? false, y: ways.get(y) ?? false };
}

/** The places of those that no other one beats in both: smaller is better, unless it is said otherwise. */
export function paretoFront(x: readonly Value[], y: readonly Value[], isMoreX: boolean, isMoreY: boolean): number[] {
  const points = x.flatMap((value, at) => {
    const other = y[at];
    return typeof value === "number" && typeof other === "number" ? [{ at, x: isMoreX ? -value : value, y: isMoreY ? -other : other }] : [];
  });
  points.sort((a, b) => a.x - b.x || a.y - b.y);
  const found: number[] = [];
  let best = Number.POSITIVE_INFINITY;
  let last: { x: number; y: number } | null = null;
  for (const point of points) {
    const isSame = last !== null && point.x === last.x && point.y === last.y;
    if (point.y < best || isSame) {
      found.push(point.at);
      best = point.y;
      last = point;
    }
  }
  return found;
}

export interface Group {
  value: string;
  places: number[];
  count: number;
  mean: number;
  /** Of a sample; 0 of one alone. */
  std: number;
  /** Least, quartiles, greatest. */
  box: [number, number, number, number, number];
}

/** What the numbers of each group come to, the groups in the order of their values. */
export function groupsOf(by: FieldColumn | null, metric: FieldColumn): Group[] {
  const places = new Map<string, number[]>();
  const order = new Map<string, Value>();
  metric.values.forEach((value, at) => {
    if (typeof value !== "number") return;
    const raw = by ? (by.values[at] ?? null) : null;
    const key = by ? (raw === null ? NO_VALUE : String(raw)) : "all";
    order.set(key, raw);
    places.set(key, [...(places.get(key) ?? []), at]);
  });
  const keys = [...places.keys()].sort((a, b) => compared(order.get(a) ?? null, order.get(b) ?? null));
  return keys.map((value) => {
    const own = places.get(value) ?? [];
    return { value, places: own, ...summed(own.map((at) => metric.values[at] as number)) };
  });
}

function compared(a: Value, b: Value): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

function summed(values: number[]): Pick<Group, "count" | "mean" | "std" | "box"> {
  const sorted = [...values].sort((a, b) => a - b);
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const std = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
  return { count: values.length, mean, std, box: [0, 0.25, 0.5, 0.75, 1].map((part) => quantile(sorted, part)) as Group["box"] };
}

/** Between the two nearest, as numpy's `quantile` has it. */
function quantile(sorted: number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}
