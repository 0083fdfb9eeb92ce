/** A metric's chart with its name, its last value, and what can be set of it. */

import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Ref, RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { count, plural } from "../format";
import { Button } from "../ui/basics";
import { useLoaded } from "../use";
import { Bars, isOnce } from "./bars";
import { Chart, type Line } from "./chart";
import type { Axis, Curves } from "./curve/curves";
import type { Extent } from "./curve/scale";
import { sayOdd, startOf } from "./curve/strokes";
import type { Name } from "./legend";
import { linesOfGroups, linesOfRuns } from "./lines";
import { Menu } from "./menu";
import { type ChartSpec, halves, PLAIN, type Zoom } from "./model";
import type { Plot } from "./plot";

/** What all cards of some charts have in common. */
export interface Common {
  curves: Curves;
  /** From where to where all of them go; null: each as its points lie. */
  across: Extent | null;
  groups: readonly string[];
  names: readonly Name[];
  hidden: readonly string[];
  axis: Axis;
  isSystem: boolean;
  /** What is known of a metric now stands beside the charts. */
  isPlain: boolean;
  above: Signal<string | null>;
  /** What the slider of the smoothing says. */
  slider: ReadonlySignal<string>;
  link: string;
  sayOf: (name: string) => (value: unknown) => string;
  isSize: (name: string) => boolean;
  /** Shows the points of a metric; undefined: they are of several runs. */
  values: ((name: string) => void) | undefined;
}

interface Props {
  common: Common;
  name: string;
  spec: ChartSpec | undefined;
  change: (change: Partial<ChartSpec>) => void;
  /** As the address has it: what the slider said when it stood still. */
  smoothing: string;
  /** Counts up when there is something new. */
  version: number;
  height: number;
  isPinned: boolean;
  pin: () => void;
  fill: (() => void) | undefined;
  /** Called with whether it is in view. */
  seen: (name: string, isSeen: boolean) => void;
}

const MARGIN = "300px";

/** Whether an element is in view or next to it, and whether it is in view itself. */
function useSeen(tell: (isNear: boolean) => void): [element: Ref<HTMLElement>, isNear: boolean, isInView: RefObject<boolean>] {
  const element = useRef<HTMLElement>(null);
  const [isNear, setNear] = useState(false);
  const isInView = useRef(false);
  useEffect(() => {
    if (!element.current) return;
    const ends = [
      watched(element.current, MARGIN, (now) => {
        setNear(now);
        tell(now);
      }),
      watched(element.current, "0px", (now) => (isInView.current = now)),
    ];
    return () => {
      for (const end of ends) end();
      tell(false);
    };
  }, []);
  return [element, isNear, isInView];
}

/** Call with whether an element is in view, or so near to it, until the function that is returned is called. */
function watched(element: Element, margin: string, tell: (isThere: boolean) => void): () => void {
  const observer = new IntersectionObserver((entries) => tell(entries.at(-1)?.isIntersecting ?? false), { rootMargin: margin });
  observer.observe(element);
  return () => observer.disconnect();
}

export function Card(props: Props) {
  const { name, seen, height } = props;
  const [element, isNear, isInView] = useSeen((now) => seen(name, now));
  const wasNear = useRef(false);
  wasNear.current ||= isNear;
  return (
    <figure class="card" ref={element} aria-label={name}>
      {wasNear.current ? <Content {...props} isAway={!isNear} isInView={isInView} /> : <div class="chart" style={{ height: `${height + CAPTION_PX}px` }} />}
    </figure>
  );
}

const CAPTION_PX = 26;

interface ContentProps extends Props {
  isAway: boolean;
  isInView: RefObject<boolean>;
}

function Content({ common, name, spec = PLAIN, change, smoothing, version, height, isPinned, pin, fill, isAway, isInView }: ContentProps) {
  const [told, setTold] = useState("");
  const picture = useRef<Plot | null>(null);
  const lines = useLines(common, name, spec.zoom, smoothing, isAway, version);
  const slider = useMemo(() => ({ word: common.slider, kept: smoothing, isInView }), [common.slider, smoothing]);
  const say = common.sayOf(name);
  const set = useMemo(() => spec, [JSON.stringify(spec)]);
  const isOne = common.names.length === 1 && !common.groups.length;
  const curve = isOne ? common.curves.get(common.names[0]?.key ?? "", name) : undefined;
  const last = isOne && !common.isPlain ? say(curve?.last.findLast((one) => one !== null) ?? null) : "";
  const strange = useMemo(() => sayOdd(oddOfLines(lines)), [lines]);
  const notShown = useMemo(() => (spec.scale === "log" ? notAboveZero(lines) : 0), [lines, spec.scale]);
  const [start, end] = halves(common.isSystem ? name.replace(/^system\//, "") : name);
  const bars = isOnce(lines);
  return (
    <>
      <figcaption>
        <b class="halves" title={name}>
          <span>{start}</span>
          <span>{end}</span>
        </b>
        {isOne && <span class="figure">{told || last}</span>}
        {strange && <span class="dim">{strange}</span>}
        {notShown > 0 && <span class="dim">{plural(notShown, "value")} ≤ 0 not on a log scale</span>}
        {curve !== undefined && curve.leftOut > 0 && (
          <span class="dim">
            {count(curve.leftOut)} without {common.axis.replace(/^metrics\./, "")}
          </span>
        )}
        <span class="grow" />
        {spec.zoom && (
          <Button kind="bare" onClick={() => change({ zoom: null })}>
            Reset zoom
          </Button>
        )}
        <Menu
          name={name}
          spec={spec}
          change={change}
          isPinned={isPinned}
          pin={pin}
          fill={fill}
          lines={lines}
          picture={picture}
          points={curve && pointsOf(curve)}
          values={common.values && (() => common.values?.(name))}
        />
      </figcaption>
      {bars ? (
        <Bars lines={lines} title={name} height={height} say={say} />
      ) : lines.length ? (
        <Chart
          lines={lines}
          title={name}
          axis={axisOf(common, name)}
          across={common.across}
          height={height}
          spec={set}
          zoom={(zoom) => change({ zoom })}
          say={say}
          isSize={common.isSize(name)}
          link={common.link}
          above={common.above}
          read={isOne ? (now) => setTold(now?.rows.at(-1)?.words ?? "") : () => undefined}
          isAway={isAway}
          picture={picture}
          slider={slider}
          {...(fill ? { enter: fill } : {})}
        />
      ) : (
        <div class="chart is-blank" style={{ height: `${height}px` }} aria-busy={!isAway && !common.curves.has(name)}>
          {common.curves.has(name) && (
            <p class="dim">{common.hidden.length ? "All lines are hidden." : spec.zoom?.x ? "Nothing in this part." : "No numbers."}</p>
          )}
        </div>
      )}
    </>
  );
}

const pointsOf = ({ points, x, span }: { points: number; x: number[]; span: number }): string =>
  span > 0 ? `${count(points)} points, drawn as ${count(x.length)}` : plural(points, "point");

/** Where no run has the steps that were asked for, the numbers of the points. */
function axisOf({ curves, names, axis, groups }: Common, name: string): Axis {
  if (groups.length) return curves.grouped.get(name)?.every((one) => one.axis === "index") ? "index" : axis;
  const known = names.flatMap(({ key }) => curves.get(key, name) ?? []).filter(({ points }) => points > 0);
  return known.length && known.every((one) => one.axis === "index") ? "index" : axis;
}

/** The lines of a chart; those of a part once they are read. Nothing is made again while it is out of view. */
function useLines(common: Common, name: string, zoom: Zoom | null, smoothing: string, isAway: boolean, version: number): readonly Line[] {
  const { curves, names, hidden } = common;
  const across = zoom?.x ?? null;
  const near = useLoaded(
    async (abort) => {
      if (!across) return null;
      const start = startOf(axisOf(common, name));
      const range = { since: across[0] - start, until: across[1] - start };
      const part = curves.within(range);
      part.smoothBy(smoothing);
      await part.read([name], abort);
      return part;
    },
    [String(across), curves],
    [smoothing, across ? version : 0],
  );
  const made = useRef<{ key: string; lines: readonly Line[] }>({ key: "", lines: [] });
  if (isAway) return made.current.lines;
  const shown = near.data ?? curves;
  const grouped = shown.grouped.get(name) ?? [];
  const stamps = [grouped.map((one) => one.stamp), names.map(({ key }) => shown.get(key, name)?.stamp)];
  const key = JSON.stringify([stamps, names.map((one) => [one.key, one.label, one.paint.token]), hidden, smoothing]);
  if (made.current.key !== key) {
    made.current = { key, lines: [...linesOfGroups(grouped, names, hidden, smoothing), ...linesOfRuns(shown, name, names, hidden, smoothing)] };
  }
  return made.current.lines;
}

function oddOfLines(lines: readonly Line[]): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  for (const { strokes } of lines) for (const { odd } of strokes) for (const one of odd) one.forEach((many, kind) => (sum[kind] = (sum[kind] ?? 0) + many));
  return sum;
}

/** How many places of some lines a logarithmic scale has no room for. */
function notAboveZero(lines: readonly Line[]): number {
  return lines.flatMap(({ strokes }) => strokes.flatMap(({ min }) => min.filter((one) => one !== null && one <= 0))).length;
}
