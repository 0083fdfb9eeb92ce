/** Draws strokes: on a canvas, or as SVG by what behaves like one. */

import type { Paint } from "./paints";
import { hasExtent, type Stroke, spikes } from "./strokes";

export interface Drawn {
  stroke: Stroke;
  /** Whose it is: a run's id, or the name of a group. */
  key: string;
  label: string;
  paint: Paint;
  /** Another stroke of its run comes after it. */
  isFormer: boolean;
  /** It begins where one of the same run ended. */
  isAgain: boolean;
}

export type Context = Pick<
  CanvasRenderingContext2D,
  | ("beginPath" | "moveTo" | "lineTo" | "closePath" | "stroke" | "fill" | "setLineDash" | "save" | "restore" | "rect" | "clip" | "fillText" | "fillRect")
  | ("globalAlpha" | "strokeStyle" | "fillStyle" | "lineWidth" | "font" | "textAlign" | "textBaseline")
>;

export interface Look {
  /** The pixels of a place and of a value. */
  x: (value: number) => number;
  y: (value: number) => number;
  box: { left: number; top: number; width: number; height: number };
  /** Pixels of the canvas for each of CSS. */
  ratio: number;
  colour: (token: string) => string;
  /** The key of the one that stands out; null: none does. */
  above: string | null;
}

type Values = readonly (number | null)[];

const FADED = 0.25;
const FORMER = 0.6;
const BEHIND = 0.2;
const FILL = 0.35;
const MANY = 12;
const FILL_OF_MANY = 0.12;
const MOST_DOTS = 50;
const SIGN_PX = 4;

/** Draw strokes with all that is said of them. */
export function drawAll(ctx: Context, drawn: readonly Drawn[], look: Look): void {
  clipped(ctx, drawn, look, (one, alpha) => {
    drawAround(ctx, one, look, alpha, drawn.length > MANY && one.key !== look.above ? FILL_OF_MANY : FILL);
    drawThrough(ctx, one, look, alpha);
  });
  drawEverySign(ctx, drawn, look);
}

/** Draw what stands behind the lines: all that stays as it is when only the averages change. */
export function drawBehind(ctx: Context, drawn: readonly Drawn[], look: Look): void {
  clipped(ctx, drawn, look, (one, alpha) => drawAround(ctx, one, look, alpha, drawn.length > MANY && one.key !== look.above ? FILL_OF_MANY : FILL));
}

/** Draw what stands before that: the lines alone, of averages a point for each pixel. */
export function drawLines(ctx: Context, drawn: readonly Drawn[], look: Look): void {
  clipped(ctx, drawn, look, (one, alpha) => drawThrough(ctx, one, look, alpha, one.stroke.isRough ? 1 : 0));
  drawEverySign(ctx, drawn, look);
}

const inOrder = (drawn: readonly Drawn[], { above }: Look): readonly Drawn[] =>
  above === null ? drawn : [...drawn].sort((one, other) => Number(one.key === above) - Number(other.key === above));

function clipped(ctx: Context, drawn: readonly Drawn[], look: Look, draw: (one: Drawn, alpha: number) => void): void {
  const { box } = look;
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
  for (const one of inOrder(drawn, look)) {
    ctx.strokeStyle = ctx.fillStyle = look.colour(one.paint.token);
    draw(one, look.above !== null && one.key !== look.above ? FADED : one.isFormer ? FORMER : 1);
  }
  ctx.restore();
}

function drawEverySign(ctx: Context, drawn: readonly Drawn[], look: Look): void {
  ctx.save();
  for (const one of inOrder(drawn, look)) {
    ctx.strokeStyle = ctx.fillStyle = look.colour(one.paint.token);
    ctx.globalAlpha = look.above !== null && one.key !== look.above ? FADED : 1;
    drawSigns(ctx, one.stroke, look);
  }
  ctx.restore();
}

function drawAround(ctx: Context, { stroke, isAgain }: Drawn, look: Look, alpha: number, fill: number): void {
  const { smooth, mean, group } = stroke;
  if (isAgain) drawBegin(ctx, stroke, look);
  if (hasExtent(stroke)) {
    ctx.globalAlpha = alpha * (group ? BEHIND : smooth ? fill / 2 : fill);
    drawBand(ctx, stroke, look);
  }
  if (smooth) {
    ctx.globalAlpha = alpha * BEHIND;
    drawLine(ctx, stroke.x, mean, look, look.ratio);
  }
  ctx.globalAlpha = alpha;
  if (!group) drawSpikes(ctx, stroke, look);
}

function drawThrough(ctx: Context, { stroke, paint, key }: Drawn, look: Look, alpha: number, apart = 0): void {
  const { ratio } = look;
  const { smooth, mean } = stroke;
  const width = (key === look.above ? 2.5 : 1.5) * ratio;
  ctx.globalAlpha = alpha;
  ctx.setLineDash(paint.dash.map((one) => one * ratio));
  drawLine(ctx, stroke.x, smooth ?? mean, look, width, apart);
  ctx.setLineDash([]);
  drawDots(ctx, stroke.x, smooth ?? mean, look);
}

/** @param apart a point that is nearer to the one before is left out, in pixels */
function drawLine(ctx: Context, xs: readonly number[], values: Values, look: Look, width: number, apart = 0): void {
  ctx.beginPath();
  let isDown = false;
  let former = 0;
  const last = xs.length - 1;
  xs.forEach((x, at) => {
    const value = values[at] ?? null;
    const left = look.x(x);
    if (isDown && value !== null && at < last && left - former < apart) return;
    const y = value === null ? Number.NaN : look.y(value);
    if (!Number.isFinite(y) || !Number.isFinite(left)) {
      isDown = false;
      return;
    }
    if (isDown) ctx.lineTo(left, y);
    else ctx.moveTo(left, y);
    isDown = true;
    former = left;
  });
  ctx.lineWidth = width;
  ctx.stroke();
}

/** What lies between the least and the greatest of each place. */
function drawBand(ctx: Context, { x, min, max }: Stroke, look: Look): void {
  const bottom = look.box.top + look.box.height;
  let part: [number, number, number][] = [];
  const close = (): void => {
    const [first] = part;
    if (first && part.length > 1) {
      ctx.beginPath();
      ctx.moveTo(first[0], first[2]);
      for (const [left, , high] of part) ctx.lineTo(left, high);
      for (const [left, low] of part.reverse()) ctx.lineTo(left, low);
      ctx.closePath();
      ctx.fill();
    }
    part = [];
  };
  x.forEach((place, at) => {
    const [low, high] = [min[at] ?? null, max[at] ?? null];
    const [left, up] = [look.x(place), high === null ? Number.NaN : look.y(high)];
    if (low === null || !Number.isFinite(up) || !Number.isFinite(left)) return close();
    const down = look.y(low);
    part.push([left, Number.isFinite(down) ? down : bottom, up]);
  });
  close();
}

/** What lies far off is a stroke in the line's own ink: a band of one pixel is not seen. */
function drawSpikes(ctx: Context, stroke: Stroke, look: Look): void {
  const bottom = look.box.top + look.box.height;
  ctx.beginPath();
  for (const at of spikes(stroke)) {
    const [low, high] = [stroke.min[at] ?? null, stroke.max[at] ?? null];
    if (low === null || high === null) continue;
    // On whole pixels: between two of them a line is half as strong.
    const [left, down] = [Math.round(look.x(stroke.x[at] ?? 0)), look.y(low)];
    ctx.moveTo(left, Number.isFinite(down) ? down : bottom);
    ctx.lineTo(left, look.y(high));
  }
  ctx.lineWidth = 2 * Math.max(1, Math.round(look.ratio));
  ctx.stroke();
}

/** Few points are dots; of more only those with none beside them, of which a line shows nothing. */
function drawDots(ctx: Context, xs: readonly number[], values: Values, look: Look): void {
  const has = (at: number): boolean => (values[at] ?? null) !== null;
  const isFew = xs.length <= MOST_DOTS;
  const size = 2.5 * look.ratio;
  xs.forEach((x, at) => {
    if (!has(at) || !(isFew || (!has(at - 1) && !has(at + 1)))) return;
    const [left, top] = [look.x(x), look.y(values[at] ?? 0)];
    if (Number.isFinite(top) && Number.isFinite(left)) ctx.fillRect(left - size, top - size, 2 * size, 2 * size);
  });
}

/** Where a script was begun again. */
function drawBegin(ctx: Context, { x }: Stroke, look: Look): void {
  const left = look.x(x[0] ?? 0);
  ctx.globalAlpha = 0.5;
  ctx.setLineDash([2 * look.ratio, 3 * look.ratio]);
  ctx.beginPath();
  ctx.moveTo(left, look.box.top);
  ctx.lineTo(left, look.box.top + look.box.height);
  ctx.lineWidth = look.ratio;
  ctx.stroke();
  ctx.setLineDash([]);
}

/** What is no number has a sign where a line has none: a cross for NaN at the bottom, and for the infinities an arrow at their end. */
function drawSigns(ctx: Context, stroke: Stroke, { x, box, ratio }: Look): void {
  const size = SIGN_PX * ratio;
  const [top, bottom] = [box.top + size, box.top + box.height - size];
  ctx.lineWidth = 2 * ratio;
  stroke.odd.forEach(([nans, highs, lows], at) => {
    if (!nans && !highs && !lows) return;
    const left = x(stroke.x[at] ?? 0);
    if (!(left >= box.left - 1 && left <= box.left + box.width + 1)) return;
    if (nans) cross(ctx, left, bottom, size);
    if (highs) arrow(ctx, left, top, size, -size);
    if (lows) arrow(ctx, left, bottom, size, size);
  });
}

function cross(ctx: Context, x: number, y: number, size: number): void {
  ctx.beginPath();
  for (const rise of [size, -size]) {
    ctx.moveTo(x - size, y - rise);
    ctx.lineTo(x + size, y + rise);
  }
  ctx.stroke();
}

function arrow(ctx: Context, x: number, y: number, size: number, rise: number): void {
  ctx.beginPath();
  ctx.moveTo(x - size, y - rise);
  ctx.lineTo(x + size, y - rise);
  ctx.lineTo(x, y + rise);
  ctx.closePath();
  ctx.fill();
}
