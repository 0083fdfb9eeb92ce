/** All that is set of charts, and how the address says it: a link shows what I see. */

import type { Query } from "../route";
import type { Axis } from "./curve/curves";
import type { Extent, Limits, Scale } from "./curve/scale";

export type Size = "s" | "m" | "l";

/** A part of a chart, in what its axes say; null: all of it. */
export interface Zoom {
  x: Extent | null;
  y: Extent | null;
}

/** What is set of one chart alone. */
export interface ChartSpec {
  scale: Scale;
  isLogX: boolean;
  limits: Limits;
  zoom: Zoom | null;
}

export interface Spec {
  /** "": steps where there are any, else the number of a point. */
  axis: Axis | "";
  /** As `ema:0.9`; "": none. */
  smoothing: string;
  size: Size;
  /** A regular expression that names of metrics match. */
  find: string;
  /** Names of metrics that stand on top. */
  pinned: string[];
  /** Sections of which only the heading is shown. */
  folded: string[];
  /** Runs, or names of groups, that are not drawn. */
  hidden: string[];
  /** The field by which runs are coloured; "": each has a colour of its own. */
  colour: string;
  /** The metric that fills the window; "": none. */
  full: string;
  charts: Record<string, ChartSpec>;
}

export const PLAIN: ChartSpec = { scale: "linear", isLogX: false, limits: "all", zoom: null };

const SCALES: readonly Scale[] = ["linear", "log", "symlog"];
const SIZES: readonly Size[] = ["s", "m", "l"];
const AVERAGE = /^(ema|gauss|mean):(\d+(\.\d+)?|\.\d+)$/;

/** The keys of the address that are of charts; a page keeps others. */
const KEYS = {
  axis: "x",
  smoothing: "smooth",
  size: "size",
  find: "metrics",
  pinned: "pin",
  folded: "fold",
  hidden: "hide",
  colour: "colour",
  full: "full",
  charts: "chart",
} as const;

/** What an address says; what it says wrongly is left out. */
export function specOf(query: URLSearchParams): Spec {
  const size = query.get(KEYS.size) as Size;
  const axis = query.get(KEYS.axis) ?? "";
  const smoothing = query.get(KEYS.smoothing) ?? "";
  return {
    axis: /^(step|time|relative|index|metrics\..+)$/s.test(axis) ? (axis as Axis) : "",
    smoothing: AVERAGE.test(smoothing) ? smoothing : "",
    size: SIZES.includes(size) ? size : "m",
    find: query.get(KEYS.find) ?? "",
    pinned: query.getAll(KEYS.pinned),
    folded: query.getAll(KEYS.folded),
    hidden: query.getAll(KEYS.hidden),
    colour: colourOf(query),
    full: query.get(KEYS.full) ?? "",
    charts: Object.fromEntries(query.getAll(KEYS.charts).map(chartOf)),
  };
}

/** The field by which runs are coloured; "": none. */
export function colourOf(query: URLSearchParams): string {
  const colour = query.get(KEYS.colour) ?? "";
  return colour === "-" ? "" : colour;
}

/** It as keys of an address; what is as it is anyway stands in none. */
export function addressOf(spec: Spec): Query {
  return {
    [KEYS.axis]: spec.axis,
    [KEYS.smoothing]: spec.smoothing,
    [KEYS.size]: spec.size === "m" ? "" : spec.size,
    [KEYS.find]: spec.find,
    [KEYS.pinned]: spec.pinned,
    [KEYS.folded]: spec.folded,
    [KEYS.hidden]: spec.hidden,
    [KEYS.colour]: spec.colour,
    [KEYS.full]: spec.full,
    [KEYS.charts]: Object.entries(spec.charts)
      .map(([name, one]) => told(name, one))
      .filter((one) => one.includes("~")),
  };
}

/** What of an address goes along to the charts of another page: how they are drawn, and no part that is looked at. */
export function carried(query: URLSearchParams): Query {
  const spec = specOf(query);
  const charts = Object.fromEntries(Object.entries(spec.charts).map(([name, one]) => [name, { ...one, zoom: null }]));
  return addressOf({ ...spec, find: "", hidden: [], colour: "", full: "", charts });
}

/** The axis that charts have: the one that was chosen, where they can have it. Samples of a machine have no steps. */
export function axisOver(chosen: Axis | "", usual: Axis, names: readonly string[], isSystem: boolean): Axis {
  if (chosen === "" || (chosen === "step" && isSystem)) return usual;
  return chosen.startsWith("metrics.") && !names.includes(chosen.slice("metrics.".length)) ? usual : chosen;
}

/** A chart in one word: `loss~y=log~r=inner~zx=10,20`. A name may have a tilde itself, as `%7E`. */
function told(name: string, { scale, isLogX, limits, zoom }: ChartSpec): string {
  const pair = (key: string, extent: Extent | null | undefined): string[] => (extent ? [`${key}=${extent.map(short).join(",")}`] : []);
  return [
    name.replaceAll("%", "%25").replaceAll("~", "%7E"),
    ...(scale === "linear" ? [] : [`y=${scale}`]),
    ...(isLogX ? ["x=log"] : []),
    ...(limits === "inner" ? ["r=inner"] : limits === "all" ? [] : pair("r", limits)),
    ...pair("zx", zoom?.x),
    ...pair("zy", zoom?.y),
  ].join("~");
}

/** As many digits as a chart shows, also of a time in seconds since 1970. */
const short = (value: number): number => Number(value.toPrecision(13));

function chartOf(text: string): [string, ChartSpec] {
  const [name = "", ...parts] = text.split("~");
  const said = new Map(parts.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]));
  const scale = said.get("y") as Scale;
  const [across, up] = [extentOf(said.get("zx")), extentOf(said.get("zy"))];
  return [
    name.replaceAll("%7E", "~").replaceAll("%25", "%"),
    {
      scale: SCALES.includes(scale) ? scale : "linear",
      isLogX: said.get("x") === "log",
      limits: said.get("r") === "inner" ? "inner" : (extentOf(said.get("r")) ?? "all"),
      zoom: across || up ? { x: across, y: up } : null,
    },
  ];
}

function extentOf(text: string | undefined): Extent | null {
  const [low = Number.NaN, high = Number.NaN] = (text ?? "").split(",").map((one) => (one ? Number(one) : Number.NaN));
  return low < high && Number.isFinite(low) && Number.isFinite(high) ? [low, high] : null;
}

/** It with something else set of one chart. */
export function withChart(spec: Spec, name: string, change: Partial<ChartSpec>): Spec {
  return { ...spec, charts: { ...spec.charts, [name]: { ...(spec.charts[name] ?? PLAIN), ...change } } };
}

/** It over another axis: the parts that charts show across end, since they are in what the former axis said. */
export function overAxis(spec: Spec, axis: Axis | ""): Spec {
  const whole = (one: ChartSpec): ChartSpec => ({ ...one, zoom: one.zoom?.y ? { x: null, y: one.zoom.y } : null });
  return { ...spec, axis, charts: Object.fromEntries(Object.entries(spec.charts).map(([name, one]) => [name, whole(one)])) };
}

/** A list with a word, or without it if it is there. */
export const toggled = (list: readonly string[], word: string): string[] => (list.includes(word) ? list.filter((one) => one !== word) : [...list, word]);

export interface Section {
  /** What names begin with, up to the first slash; "": they have none. */
  title: string;
  names: string[];
}

export const PINNED = "Pinned";
export const OTHERS = "Other metrics";

/** Names in sections by what they begin with, the pinned ones on top. Where none has a slash there is one section. */
export function sectionsOf(names: readonly string[], pinned: readonly string[]): Section[] {
  const found = new Map<string, string[]>();
  for (const name of names) {
    if (pinned.includes(name)) continue;
    const cut = name.indexOf("/");
    const title = cut > 0 ? name.slice(0, cut) : "";
    found.set(title, [...(found.get(title) ?? []), name]);
  }
  const top = pinned.filter((one) => names.includes(one));
  const many = found.size > 1;
  const others = [...found].map(([title, all]) => ({ title: title || (many ? OTHERS : ""), names: all }));
  return [...(top.length ? [{ title: PINNED, names: top }] : []), ...others];
}

/** Whether a name matches a regular expression, upper or lower case; what is none is looked for as it is. */
export function matcher(find: string): (name: string) => boolean {
  const text = find.trim();
  if (!text) return () => true;
  try {
    const expression = new RegExp(text, "i");
    return (name) => expression.test(name);
  } catch {
    return (name) => name.toLowerCase().includes(text.toLowerCase());
  }
}

const SHORT = 20;

/** A name in two parts, of which the second is never cut: `train/epoch_…` and `…accuracy`. */
export function halves(name: string): [string, string] {
  if (name.length <= SHORT) return [name, ""];
  const end = Math.min(16, Math.floor(name.length / 2));
  return [name.slice(0, name.length - end), name.slice(name.length - end)];
}
