/** The picture of a chart: axes, pointer and zoom are uPlot's, the strokes are drawn by `draw`. */

import type { Signal } from "@preact/signals";
import uPlot from "uplot";
import { figures } from "../format";
import { colour, repaint } from "../ui/theme";
import type { Axis } from "./curve/curves";
import { type Drawn, drawAll, drawBehind, drawLines, type Look } from "./curve/draw";
import { acrossOf, bendOf, clock, DURATIONS, type Extent, logMarks, shifted, symlogMarks, upOf } from "./curve/scale";
import { nearest } from "./curve/strokes";
import type { ChartSpec, Zoom } from "./model";
import { type Pixels, type Reading, readings, show, type Told, tell } from "./tip";

export interface Shown {
  drawn: readonly Drawn[];
  axis: Axis;
  /** null: as far as its points lie. */
  across: Extent | null;
  spec: ChartSpec;
  /** Several runs or groups: a line has its name beside it. */
  isNamed: boolean;
  say: (value: unknown) => string;
  /** Its values are bytes: marks stand at powers of two, as they are written. */
  isSize: boolean;
  /** Its values are written in a way of their own. */
  isSaid: boolean;
}

export interface Reactions {
  zoom: (zoom: Zoom | null) => void;
  /** What there is to say at the cursor; null: it is nowhere. */
  read: (told: Told | null, byKeys: boolean) => void;
}

interface Parts {
  frame: HTMLElement;
  tip: HTMLElement;
}

const FONT = "11px system-ui, sans-serif";
const POWERS = Array.from({ length: 50 }, (_, at) => 2 ** at);
/** Between two steps, or two points, there is none. */
const WHOLE = Array.from({ length: 16 }, (_, at) => [1, 2, 5].map((one) => one * 10 ** at)).flat();
const LEAST_ROOM = 44;
const LEAST_DRAG_PX = 6;
const NEAR_PX = 30;
const COMMIT_MS = 200;
const WHEEL = 1.0015;
const OUT = { left: -10, top: -10 };

export class Plot {
  private plot: uPlot;
  private view: { x: Extent; y: Extent };
  private shape: string;
  /** The part that is shown while a wheel or a drag goes on. */
  private moving: Zoom | null = null;
  private timer = 0;
  private isOver = false;
  private isPinned = false;
  private byKeys = false;
  /** The cursor is where keys have moved it. */
  private isKeyed = false;
  private cursor = OUT;
  private isWithoutLines = false;
  /** All but the lines, while only these change. */
  private behind: { image: HTMLCanvasElement; isSmooth: boolean } | null = null;
  private readonly forget: () => void;

  constructor(
    private readonly parts: Parts,
    private shown: Shown,
    private size: { width: number; height: number },
    private readonly above: Signal<string | null>,
    private readonly link: string,
    private readonly react: Reactions,
  ) {
    this.view = this.viewNow();
    this.shape = this.shapeNow();
    this.plot = this.made();
    this.forget = above.subscribe(() => requestAnimationFrame(() => this.plot.redraw(false, false)));
  }

  /** Show something else. */
  update(shown: Shown, size: { width: number; height: number }): void {
    this.shown = shown;
    this.view = this.viewNow();
    const isResized = size.width !== this.size.width || size.height !== this.size.height;
    this.size = size;
    if (this.shape !== this.shapeNow()) return this.remake();
    if (isResized) this.plot.setSize(size);
    this.place();
  }

  /** Draw other averages of the same strokes, and the rest of the picture as it is: a small part of what `update` takes. */
  preview(drawn: readonly Drawn[]): void {
    this.shown = { ...this.shown, drawn };
    const isSmooth = drawn.some(({ stroke }) => stroke.smooth);
    if (this.behind?.isSmooth !== isSmooth) this.behind = this.drawnBehind(isSmooth);
    const { ctx } = this.plot;
    ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
    ctx.drawImage(this.behind.image, 0, 0);
    drawLines(ctx, drawn, this.look());
    if (this.cursor.left >= 0) this.tellAgain();
  }

  private drawnBehind(isSmooth: boolean): { image: HTMLCanvasElement; isSmooth: boolean } {
    const image = document.createElement("canvas");
    const { plot } = this;
    this.isWithoutLines = true;
    plot.batch(() => plot.redraw(false, false));
    this.isWithoutLines = false;
    [image.width, image.height] = [plot.ctx.canvas.width, plot.ctx.canvas.height];
    image.getContext("2d")?.drawImage(plot.ctx.canvas, 0, 0);
    return { image, isSmooth };
  }

  private draw(): void {
    this.behind = null;
    (this.isWithoutLines ? drawBehind : drawAll)(this.plot.ctx, this.shown.drawn, this.look());
  }

  close(): void {
    clearTimeout(this.timer);
    this.forget();
    this.plot.destroy();
  }

  /** Move the cursor to the next place, or that before, of the line that stands out, else of the first. */
  step(by: number): void {
    const stroke = (this.shown.drawn.find((one) => one.key === this.above.value) ?? this.shown.drawn.at(-1))?.stroke;
    if (!stroke?.x.length) return;
    const last = stroke.x.length - 1;
    const here = this.cursor.left < 0 ? (by > 0 ? -1 : last + 1) : nearest(stroke.x, this.plot.posToVal(this.cursor.left, "x"));
    const at = Math.max(0, Math.min(last, here + by));
    const value = (stroke.smooth ?? stroke.mean)[at] ?? null;
    this.byKeys = this.isKeyed = true;
    const top = value === null ? this.plot.over.clientHeight / 2 : this.plot.valToPos(value, "y");
    this.point({ left: this.plot.valToPos(stroke.x[at] ?? 0, "x"), top });
    this.byKeys = false;
  }

  /** Take the cursor away, also where it was pinned. */
  leave(): void {
    this.isPinned = this.isKeyed = false;
    this.point(OUT);
  }

  /** Move the cursor of all linked charts; uPlot's types do not know that it can. */
  private point(at: { left: number; top: number }): void {
    (this.plot.setCursor as (at: { left: number; top: number }, isTold: boolean, isShared: boolean) => void)(at, true, true);
  }

  /** What an export draws. */
  picture(): { plot: uPlot; drawn: readonly Drawn[]; look: Look } {
    return { plot: this.plot, drawn: this.shown.drawn, look: this.look() };
  }

  private viewNow(): { x: Extent; y: Extent } {
    const { drawn, spec, across } = this.shown;
    const whole = across && !spec.isLogX && across[0] < across[1] ? across : null;
    const zoom = this.moving ?? spec.zoom;
    const strokes = drawn.map((one) => one.stroke);
    const x = zoom?.x ?? whole ?? acrossOf(strokes, spec.isLogX) ?? [1, 2];
    const y = zoom?.y ?? upOf(strokes, x, spec.scale, spec.limits) ?? upOf(strokes, x, spec.scale, "all") ?? [1, 10];
    return { x, y };
  }

  /** What cannot change in a plot that is made. */
  private shapeNow(): string {
    const { axis, spec, isSize, drawn } = this.shown;
    const bend = spec.scale === "symlog" ? bendOf(drawn.map((one) => one.stroke)) : 1;
    return JSON.stringify([axis, spec.scale, spec.isLogX, isSize, bend, repaint.value]);
  }

  private bend(): number {
    return Number(JSON.parse(this.shape)[4]);
  }

  private remake(): void {
    this.plot.destroy();
    this.shape = this.shapeNow();
    this.plot = this.made();
    // A chart that is drawn again under a resting pointer would go on saying what the former one had there.
    this.plot.setCursor(this.cursor);
  }

  private made(): uPlot {
    const { x } = this.view;
    return new uPlot(this.options(), [[...x], [null, null]] as uPlot.AlignedData, this.parts.frame);
  }

  /** Draw it with the view as it is now. */
  private place(): void {
    const [x, y] = [this.view.x, this.view.y];
    this.plot.batch(() => {
      this.plot.setData([[...x], [null, null]] as uPlot.AlignedData, false);
      this.plot.setScale("x", { min: x[0], max: x[1] });
      this.plot.setScale("y", { min: y[0], max: y[1] });
    });
    this.tellAgain();
  }

  private options(): uPlot.Options {
    const { axis, spec } = this.shown;
    const bend = this.bend();
    return {
      ...this.size,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: this.pointer(),
      scales: {
        x: { time: axis === "time", distr: spec.isLogX ? 3 : 1, range: () => [...this.view.x] },
        y: { distr: spec.scale === "log" ? 3 : spec.scale === "symlog" ? 4 : 1, asinh: bend, range: () => [...this.view.y] },
      },
      axes: this.axes(bend),
      series: [{}, { show: true, stroke: "transparent", points: { show: false } }],
      hooks: {
        draw: [() => this.draw()],
        setCursor: [(plot) => this.moved(plot)],
        setSelect: [(plot) => this.selected(plot)],
        ready: [(plot) => this.listen(plot)],
      },
    };
  }

  private axes(bend: number): uPlot.Axis[] {
    const { axis, spec, say, isSize, isSaid } = this.shown;
    const [ink, grid] = [cached("--dim"), cached("--chart-grid")];
    const rule = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: FONT };
    const written = (all: (number | null)[]): string[] => (isSaid ? all.map(say) : figures(all));
    const marks = (_: uPlot, __: number, low: number, high: number): number[] => (spec.scale === "log" ? logMarks(low, high) : symlogMarks(low, high, bend));
    const isTwoLines = (values: string[] | null): boolean => !!values?.some((one) => one?.includes("\n"));
    return [
      {
        ...rule,
        size: (_, values) => (isTwoLines(values) ? 40 : 26),
        gap: 7,
        ...(axis === "relative" && !spec.isLogX ? { incrs: DURATIONS } : {}),
        ...((axis === "step" || axis === "index") && !spec.isLogX ? { incrs: WHOLE } : {}),
        ...(axis === "relative"
          ? { values: (_: uPlot, all: number[]) => all.map(clock) }
          : axis === "time"
            ? {}
            : { values: (_: uPlot, all: number[]) => figures(all) }),
        ...(spec.isLogX ? { splits: (_: uPlot, __: number, low: number, high: number) => logMarks(low, high), filter: (_: uPlot, all: number[]) => all } : {}),
      },
      {
        ...rule,
        size: room,
        gap: 4,
        ...(isSize && spec.scale === "linear" ? { incrs: POWERS } : {}),
        ...(spec.scale === "linear" ? {} : { splits: marks, filter: (_: uPlot, all: number[]) => all }),
        values: (_: uPlot, all: number[]) => written(all),
      },
    ];
  }

  private pointer(): uPlot.Cursor {
    const isShared = (kind: string): boolean => kind === "mousemove" || kind === "mouseleave";
    return {
      y: false,
      points: { show: false },
      drag: { x: true, y: true, uni: 24, dist: 4, setScale: false },
      sync: { key: this.link, setSeries: false, scales: ["x", null], filters: { sub: isShared, pub: isShared } },
      bind: {
        mousedown: (plot, _, handler) => (event) => (event.shiftKey ? this.pan(plot, event) : handler(event)),
        dblclick: () => () => {
          this.commit(null);
          return null;
        },
      },
    };
  }

  private listen(plot: uPlot): void {
    const { over } = plot;
    let from = [0, 0];
    over.addEventListener("mouseenter", () => {
      this.isOver = true;
      this.isKeyed = false;
    });
    over.addEventListener("mouseleave", () => {
      this.isOver = false;
      this.above.value = null;
    });
    over.addEventListener("mousedown", (event) => (from = [event.clientX, event.clientY]));
    over.addEventListener("click", (event) => {
      const isStill = Math.hypot(event.clientX - (from[0] ?? 0), event.clientY - (from[1] ?? 0)) < LEAST_DRAG_PX;
      if (isStill && !event.shiftKey) this.pin(!this.isPinned);
    });
    over.addEventListener("wheel", (event) => event.ctrlKey && this.wheel(plot, event), { passive: false });
  }

  private pin(isPinned: boolean): void {
    this.isPinned = isPinned;
    this.parts.tip.classList.toggle("is-pinned", isPinned);
    if (!isPinned) this.tellAgain();
  }

  private wheel(plot: uPlot, event: WheelEvent): void {
    event.preventDefault();
    const factor = WHEEL ** event.deltaY;
    const [at, width] = [event.offsetX, plot.over.clientWidth];
    this.move({ x: this.between(plot, "x", at - at * factor, at + (width - at) * factor), y: this.zoom()?.y ?? null });
  }

  private pan(plot: uPlot, event: MouseEvent): null {
    const [x, y, width, height] = [event.clientX, event.clientY, plot.over.clientWidth, plot.over.clientHeight];
    const before = this.view;
    const isUp = this.zoom()?.y != null;
    const { spec } = this.shown;
    const bend = this.bend();
    const go = (now: MouseEvent): void => {
      const [right, down] = [now.clientX - x, now.clientY - y];
      const across = shifted(before.x, -right / width, spec.isLogX ? "log" : "linear");
      this.move({ x: across, y: isUp ? shifted(before.y, down / height, spec.scale, bend) : null });
    };
    const end = (): void => {
      removeEventListener("mousemove", go);
      removeEventListener("mouseup", end);
    };
    addEventListener("mousemove", go);
    addEventListener("mouseup", end);
    return null;
  }

  private between(plot: uPlot, scale: "x" | "y", first: number, last: number): Extent | null {
    const [low, high] = [plot.posToVal(first, scale), plot.posToVal(last, scale)];
    return low < high && Number.isFinite(low) && Number.isFinite(high) ? [low, high] : null;
  }

  private zoom(): Zoom | null {
    return this.moving ?? this.shown.spec.zoom;
  }

  /** Show a part at once, and say so when it stands still. */
  private move(zoom: Zoom): void {
    this.moving = zoom;
    this.view = this.viewNow();
    this.place();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.commit(this.moving), COMMIT_MS);
  }

  private commit(zoom: Zoom | null): void {
    this.moving = null;
    this.react.zoom(zoom && (zoom.x || zoom.y) ? zoom : null);
  }

  private selected(plot: uPlot): void {
    const { left, top, width, height } = plot.select;
    const former = this.shown.spec.zoom;
    const across = width >= LEAST_DRAG_PX && width < plot.over.clientWidth - 1;
    const up = height >= LEAST_DRAG_PX && height < plot.over.clientHeight - 1;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (!across && !up) return;
    const x = across ? this.between(plot, "x", left, left + width) : (former?.x ?? null);
    const y = up ? this.between(plot, "y", top + height, top) : (former?.y ?? null);
    this.commit({ x, y });
  }

  private moved(plot: uPlot): void {
    const { left = OUT.left, top = OUT.top } = plot.cursor;
    if (this.isPinned && !this.byKeys) return;
    this.cursor = { left, top };
    const found = left < 0 ? [] : readings(this.shown.drawn, this.pixels(plot), left, top);
    if (this.isOver && this.shown.isNamed) this.above.value = nearestOf(found);
    this.say(plot, found, this.byKeys);
  }

  private tellAgain(): void {
    const { left, top } = this.cursor;
    this.say(this.plot, left < 0 ? [] : readings(this.shown.drawn, this.pixels(this.plot), left, top), false);
  }

  private say(plot: uPlot, found: readonly Reading[], byKeys: boolean): void {
    const { axis, say, isNamed, drawn } = this.shown;
    const told = found.length ? tell(found, this.pixels(plot), this.cursor.left, axis, say, isNamed || drawn.length > 1) : null;
    const isShown = this.isOver || this.isPinned || this.isKeyed;
    show(this.parts.tip, isShown ? told : null, plot.over, this.cursor.left, this.cursor.top);
    this.react.read(told, byKeys);
  }

  private pixels(plot: uPlot): Pixels {
    return { toX: (value) => plot.valToPos(value, "x"), toY: (value) => plot.valToPos(value, "y"), fromX: (pixel) => plot.posToVal(pixel, "x") };
  }

  private look(): Look {
    const { plot } = this;
    return {
      x: (value) => plot.valToPos(value, "x", true),
      y: (value) => plot.valToPos(value, "y", true),
      box: plot.bbox,
      ratio: devicePixelRatio,
      colour: cached,
      above: this.above.value,
    };
  }
}

/** The line nearest to the pointer, if it is near. */
function nearestOf(found: readonly Reading[]): string | null {
  const best = found.reduce<Reading | null>((near, one) => (near === null || one.away < near.away ? one : near), null);
  return best && best.away < NEAR_PX ? best.key : null;
}

/** To ask the browser what a colour is makes it lay out the page: once for each theme. */
const known = { theme: -1, colours: new Map<string, string>() };
export function cached(token: string): string {
  if (known.theme !== repaint.value) {
    known.theme = repaint.value;
    known.colours.clear();
  }
  const found = known.colours.get(token) ?? colour(token);
  known.colours.set(token, found);
  return found;
}

/** As wide as its labels are. */
function room(plot: uPlot, values: string[] | null): number {
  const { ctx } = plot;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  const widest = Math.max(0, ...(values ?? []).map((one) => ctx.measureText(one ?? "").width));
  ctx.restore();
  return Math.max(LEAST_ROOM, Math.ceil(widest / devicePixelRatio) + 10);
}
