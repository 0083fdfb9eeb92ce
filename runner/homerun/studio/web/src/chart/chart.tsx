/** One chart of one or many curves. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { duration, figure } from "../format";
import { colour, repaint } from "../ui/theme";
import { useSize } from "../use";
import { type Axis, type Curve, type Range, smooth } from "./curves";

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
  version: number;
}

export const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6", "--line-7", "--line-8"];

export function Chart({ lines, title, axis, height = 160, isLog = false, smoothing = 0, zoom, say = figure, version }: Props) {
  const [attach, size] = useSize<HTMLDivElement>();
  const frame = useRef<HTMLDivElement | null>(null);
  const tip = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shown = useRef(lines);
  shown.current = lines;
  const shape = JSON.stringify([lines.map((one) => [one.curve.run, one.curve.size > 1]), axis, isLog, smoothing > 0, repaint.value]);

  useEffect(() => {
    if (!frame.current || !size.width) return;
    plot.current = new uPlot(options(shown, axis, isLog, smoothing, size.width, height, tip, zoom, say), aligned(lines, smoothing, axis), frame.current);
    return () => plot.current?.destroy();
  }, [shape, size.width > 0]);
  useEffect(() => plot.current?.setData(aligned(lines, smoothing, axis)), [version, smoothing, lines.length]);
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

/** Three columns for a curve (least, greatest, last), and one more where its average is drawn. */
function aligned(lines: Line[], smoothing: number, axis: Axis): uPlot.AlignedData {
  const tables = lines.map(({ curve }): uPlot.AlignedData => {
    const start = axis === "relative" ? (curve.x[0] ?? 0) : 0;
    const columns = [curve.min, curve.max, curve.last, ...(smoothing ? [smooth(curve.last, smoothing)] : [])];
    return [rising(curve.x.map((x) => x - start)), ...columns];
  });
  const [only] = tables;
  return tables.length === 1 && only ? only : uPlot.join(tables);
}

/** What is drawn has to go from left to right; the clock, and a step, may not. */
function rising(values: number[]): number[] {
  let most = Number.NEGATIVE_INFINITY;
  return values.map((value) => (most = Math.max(most, value)));
}

function options(
  shown: { current: Line[] },
  axis: Axis,
  isLog: boolean,
  smoothing: number,
  width: number,
  height: number,
  tip: { current: HTMLDivElement | null },
  zoom: ((range: Range | null) => void) | undefined,
  say: (value: unknown) => string,
): uPlot.Options {
  const [ink, grid] = [colour("--dim"), colour("--chart-grid")];
  const lines = shown.current;
  const each = smoothing ? 4 : 3;
  const rule = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const series = lines.flatMap((line): uPlot.Series[] => {
    const paint = colour(line.colour);
    const hidden = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: lines.length > 1 };
    const drawn = { label: line.label, stroke: smoothing ? fainter(paint, 0.3) : paint, width: 1.5, spanGaps: lines.length > 1, points: { show: line.curve.x.length === 1, size: 5 } };
    return [hidden, hidden, drawn, ...(smoothing ? [{ ...drawn, stroke: paint, width: 1.8 }] : [])];
  });
  const bands = lines.flatMap((line, at): uPlot.Band[] =>
    line.curve.size > 1 ? [{ series: [at * each + 2, at * each + 1], fill: fainter(colour(line.colour), 0.18) }] : [],
  );
  return {
    width,
    height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 5 }, drag: { x: !!zoom, y: false, setScale: false } },
    scales: { x: { time: axis === "time" }, y: { distr: isLog ? 3 : 1 } },
    axes: [
      { ...rule, size: 22, gap: 3, ...(axis === "relative" ? { values: (_: uPlot, all: number[]) => all.map((one) => duration(one)) } : {}) },
      { ...rule, size: 52, gap: 4, values: (_: uPlot, all: number[]) => all.map((one) => (one === null ? "" : say(one))) },
    ],
    series: [{}, ...series],
    bands,
    hooks: {
      setCursor: [(plot) => point(plot, shown.current, each, axis, tip.current, say)],
      setSelect: [(plot) => select(plot, zoom)],
      ready: [(plot) => plot.over.addEventListener("dblclick", () => zoom?.(null))],
    },
  };
}

function fainter(paint: string, share: number): string {
  const parts = /rgba?\(([^)]+)\)/.exec(paint)?.[1]?.split(/[ ,/]+/).slice(0, 3);
  return parts ? `rgba(${parts.join(",")},${share})` : paint;
}

function select(plot: uPlot, zoom: ((range: Range | null) => void) | undefined): void {
  const { left, width } = plot.select;
  if (width < 6) return;
  zoom?.({ since: plot.posToVal(left, "x"), until: plot.posToVal(left + width, "x") });
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/** Say what lies under the pointer. */
function point(plot: uPlot, lines: Line[], each: number, axis: Axis, tip: HTMLDivElement | null, say: (value: unknown) => string): void {
  const { idx, left = 0 } = plot.cursor;
  if (!tip) return;
  tip.hidden = idx === null || idx === undefined || left < 0;
  if (idx === null || idx === undefined) return;
  const x = plot.data[0][idx] ?? 0;
  const place = axis === "time" ? new Date(x * 1000).toLocaleTimeString() : axis === "relative" ? duration(x) : `${axis} ${figure(x)}`;
  const rows = lines.map((line, at) => ({ line, value: plot.data[at * each + 3]?.[idx] })).filter((one) => typeof one.value === "number");
  tip.replaceChildren(row(place, null), ...rows.slice(0, 12).map(({ line, value }) => row(lines.length > 1 ? `${line.label}  ${say(value)}` : say(value), line.colour)));
  const isRight = left > plot.over.clientWidth / 2;
  tip.style.left = isRight ? "auto" : `${left + 66}px`;
  tip.style.right = isRight ? `${plot.over.clientWidth - left + 18}px` : "auto";
}

function row(text: string, token: string | null): HTMLElement {
  const element = document.createElement("div");
  if (token) {
    const dot = document.createElement("i");
    dot.style.background = `var(${token})`;
    element.append(dot);
  }
  element.append(text);
  return element;
}
