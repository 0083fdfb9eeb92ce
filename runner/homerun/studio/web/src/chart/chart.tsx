/** One chart of one or many curves. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { duration, figure, figures } from "../format";
import { colour, repaint } from "../ui/theme";
import { useSize } from "../use";
import type { Axis, Curve, Range } from "./curves";
import { hasExtent, spikes, startOf, strokesOf, tableOf } from "./strokes";
import { type Drawn, tell } from "./tip";

export interface Line {
  curve: Curve;
  label: string;
  colour: string;
}

interface Props {
  lines: Line[];
  title: string;
  axis: Axis;
  height?: number;
  isLog?: boolean;
  smoothing?: number;
  zoom?: (range: Range | null) => void;
  /** How its values are written. */
  say?: (value: unknown) => string;
  /** Its values are bytes: marks stand at powers of two, as they are written. */
  isSize?: boolean;
}

export const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6", "--line-7", "--line-8"];

export function Chart({ lines, title, axis, height = 160, isLog = false, smoothing = 0, zoom, say = figure, isSize = false }: Props) {
  const [attach, size] = useSize<HTMLDivElement>();
  const frame = useRef<HTMLDivElement | null>(null);
  const tip = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const pointer = useRef({ left: -10, top: -10 });
  const stamps = JSON.stringify([lines.map((one) => [one.curve.stamp, one.label, one.colour]), axis, smoothing]);
  const drawn = useMemo(() => lines.flatMap((line) => drawnOf(line, smoothing)), [stamps]);
  const shown = useRef(drawn);
  shown.current = drawn;
  const start = startOf(lines[0]?.curve.axis ?? axis);
  const shape = JSON.stringify([drawn.map((one) => [one.label, one.colour, hasExtent(one.stroke)]), axis, isLog, smoothing > 0, start, repaint.value]);

  useEffect(() => {
    if (!frame.current || !size.width) return;
    plot.current = new uPlot(
      options({ shown, axis, start, isLog, tip, pointer, zoom, say, isSize }, size.width, height),
      tableOf(drawn.map((one) => one.stroke)),
      frame.current,
    );
    // A chart that is drawn again under a resting pointer would go on saying what the former one had there.
    plot.current.setCursor(pointer.current);
    return () => plot.current?.destroy();
  }, [shape, size.width > 0]);
  useEffect(() => plot.current?.setData(tableOf(drawn.map((one) => one.stroke))), [drawn]);
  useEffect(() => {
    if (size.width) plot.current?.setSize({ width: size.width, height });
  }, [size.width, height]);

  return (
    <div class="chart" style={{ height: `${height}px` }}>
      <div
        class="chart-frame"
        role="img"
        aria-label={`${title}: ${lines.map((one) => `${one.label} ${say(one.curve.last.at(-1) ?? null)}`).join(", ")}`}
        ref={(element) => {
          frame.current = element;
          attach(element);
        }}
      />
      <div class="chart-tip" ref={tip} hidden />
    </div>
  );
}

function drawnOf({ curve, label, colour: paint }: Line, smoothing: number): Drawn[] {
  const strokes = strokesOf(curve, smoothing);
  return strokes.map((stroke, at) => ({
    stroke,
    colour: paint,
    label: strokes.length > 1 ? `${label}, part ${at + 1} of ${strokes.length}` : label,
    isFormer: at < strokes.length - 1,
  }));
}

interface Made {
  shown: { current: Drawn[] };
  axis: Axis;
  /** What the number of the first point is read as. */
  start: number;
  isLog: boolean;
  tip: { current: HTMLDivElement | null };
  pointer: { current: { left: number; top: number } };
  zoom: ((range: Range | null) => void) | undefined;
  say: (value: unknown) => string;
  isSize: boolean;
}

const POWERS = Array.from({ length: 50 }, (_, at) => 2 ** at);
const HIDDEN: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false } };

function options({ shown, axis, start, isLog, tip, pointer, zoom, say, isSize }: Made, width: number, height: number): uPlot.Options {
  const [ink, grid] = [colour("--dim"), colour("--chart-grid")];
  const drawn = shown.current;
  const each = drawn[0]?.stroke.smooth ? 4 : 3;
  const rule = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const written = (all: (number | null)[]): string[] => (say === figure ? figures(all) : all.map(say));
  return {
    width,
    height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 5 }, drag: { x: !!zoom, y: false, setScale: false }, dataIdx: (plot, column, at) => known(plot.data[column], at) },
    scales: { x: { time: axis === "time" }, y: { distr: isLog ? 3 : 1 } },
    axes: [
      {
        ...rule,
        size: (_, values) => (values?.some((one) => one?.includes("\n")) ? 40 : 26),
        gap: 7,
        ...(axis === "relative" ? { values: (_: uPlot, all: number[]) => all.map((one) => duration(one)) } : {}),
      },
      { ...rule, size: room, gap: 4, ...(isSize ? { incrs: POWERS } : {}), values: (_: uPlot, all: number[]) => written(all) },
    ],
    series: [{}, ...drawn.flatMap(seriesOf)],
    bands: drawn.flatMap((one, at): uPlot.Band[] =>
      hasExtent(one.stroke) ? [{ series: [at * each + 2, at * each + 1], fill: fainter(colour(one.colour), 0.35) }] : [],
    ),
    hooks: {
      draw: [(plot) => shown.current.forEach((one) => drawSpikes(plot, one)), (plot) => shown.current.forEach((one) => drawSigns(plot, one))],
      setCursor: [
        (plot) => {
          pointer.current = { left: plot.cursor.left ?? -10, top: plot.cursor.top ?? -10 };
          tell(plot, shown.current, axis, say, tip.current);
        },
      ],
      setSelect: [(plot) => select(plot, start, zoom)],
      ready: [(plot) => plot.over.addEventListener("dblclick", () => zoom?.(null))],
    },
  };
}

/** The columns of a stroke: least and greatest, between which it is filled, its line, and its average. */
function seriesOf({ stroke, label, colour: token, isFormer }: Drawn): uPlot.Series[] {
  const paint = colour(token);
  const dash = isFormer ? { dash: [5, 3] } : {};
  const line = { label, width: 1.5, points: { show: true, size: 5, filter: alone }, ...dash };
  if (!stroke.smooth) return [HIDDEN, HIDDEN, { ...line, stroke: paint }];
  return [HIDDEN, HIDDEN, { ...line, stroke: fainter(paint, 0.3) }, { ...line, stroke: paint, width: 1.8 }];
}

/** Points with none beside them, of which a line shows nothing. */
function alone(plot: uPlot, column: number): number[] {
  const values = plot.data[column] ?? [];
  const found: number[] = [];
  let [before, at] = [null, -1] as [number | null, number];
  values.forEach((value, place) => {
    if (value === undefined) return;
    if (value === null && at >= 0 && before === null) found.push(at);
    [before, at] = value === null ? [null, -1] : [at >= 0 ? (values[at] ?? null) : null, place];
  });
  if (at >= 0 && before === null) found.push(at);
  return found;
}

/** The place nearest to one that has a value: each line has its own. */
function known(values: ArrayLike<number | null | undefined> | undefined, at: number): number {
  for (let away = 0; values && away < values.length; away += 1) {
    if (typeof values[at - away] === "number") return at - away;
    if (typeof values[at + away] === "number") return at + away;
  }
  return at;
}

/** What lies far off is a stroke in the line's own ink: a band of one pixel is not seen. */
function drawSpikes(plot: uPlot, { stroke, colour: token }: Drawn): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.beginPath();
  for (const at of spikes(stroke)) {
    const [x, low, high] = [stroke.x[at] ?? 0, stroke.min[at] ?? null, stroke.max[at] ?? null];
    if (low === null || high === null) continue;
    const [left, bottom, top] = [plot.valToPos(x, "x", true), plot.valToPos(low, "y", true), plot.valToPos(high, "y", true)];
    ctx.moveTo(left, Number.isFinite(bottom) ? bottom : bbox.top + bbox.height);
    ctx.lineTo(left, top);
  }
  ctx.strokeStyle = colour(token);
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.stroke();
  ctx.restore();
}

const SIGN_PX = 4;

/** What is no number has a sign where a line has none: a cross for NaN at the bottom, and for the infinities an arrow at their end. */
function drawSigns(plot: uPlot, { stroke, colour: token }: Drawn): void {
  const { ctx, bbox } = plot;
  const size = SIGN_PX * devicePixelRatio;
  const [top, bottom] = [bbox.top + size, bbox.top + bbox.height - size];
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour(token);
  ctx.lineWidth = 2 * devicePixelRatio;
  stroke.odd.forEach(([nans, highs, lows], at) => {
    const x = plot.valToPos(stroke.x[at] ?? 0, "x", true);
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) return;
    if (nans) cross(ctx, x, bottom, size);
    if (highs) arrow(ctx, x, top, size, -size);
    if (lows) arrow(ctx, x, bottom, size, size);
  });
  ctx.restore();
}

function cross(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.beginPath();
  for (const rise of [size, -size]) {
    ctx.moveTo(x - size, y - rise);
    ctx.lineTo(x + size, y + rise);
  }
  ctx.stroke();
}

function arrow(ctx: CanvasRenderingContext2D, x: number, y: number, size: number, rise: number): void {
  ctx.beginPath();
  ctx.moveTo(x - size, y - rise);
  ctx.lineTo(x + size, y - rise);
  ctx.lineTo(x, y + rise);
  ctx.fill();
}

const LEAST_ROOM = 44;

/** As wide as its labels are. */
function room(plot: uPlot, values: string[] | null): number {
  const { ctx } = plot;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  const widest = Math.max(0, ...(values ?? []).map((one) => ctx.measureText(one ?? "").width));
  ctx.restore();
  return Math.max(LEAST_ROOM, Math.ceil(widest / devicePixelRatio) + 10);
}

function fainter(paint: string, share: number): string {
  const parts = /rgba?\(([^)]+)\)/
    .exec(paint)?.[1]
    ?.split(/[ ,/]+/)
    .slice(0, 3);
  return parts ? `rgba(${parts.join(",")},${share})` : paint;
}

function select(plot: uPlot, start: number, zoom: ((range: Range | null) => void) | undefined): void {
  const { left, width } = plot.select;
  if (width < 6) return;
  zoom?.({ since: plot.posToVal(left, "x") - start, until: plot.posToVal(left + width, "x") - start });
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}
