/** Charts as files: PNG and SVG of what is seen, CSV of what it was drawn from. */

import type uPlot from "uplot";
import { csvOfRows } from "../ui/keep";
import type { Line } from "./chart";
import { type Context, type Drawn, drawAll, type Look } from "./curve/draw";

const TITLE_PX = 28;

/** A name of a metric as that of a file. */
export const fileName = (name: string, end: string): string => `${name.replace(/[^\w.-]+/g, "_").slice(0, 100) || "chart"}.${end}`;

interface Picture {
  plot: uPlot;
  drawn: readonly Drawn[];
  look: Look;
}

export function png({ plot, look }: Picture, title: string): Promise<Blob | null> {
  const from = plot.ctx.canvas;
  const canvas = document.createElement("canvas");
  const top = TITLE_PX * look.ratio;
  [canvas.width, canvas.height] = [from.width, from.height + top];
  const ctx = canvas.getContext("2d");
  if (!ctx) return Promise.resolve(null);
  ctx.fillStyle = look.colour("--page");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = look.colour("--ink");
  ctx.font = `600 ${13 * look.ratio}px system-ui, sans-serif`;
  ctx.fillText(title, 8 * look.ratio, 18 * look.ratio);
  ctx.drawImage(from, 0, top);
  return new Promise((resolve) => canvas.toBlob(resolve));
}

/** The marks of an axis, as uPlot has put them: it does not tell them otherwise. */
interface Marks {
  _splits?: number[];
  _values?: (string | null)[];
}

export function svg({ plot, drawn, look }: Picture, title: string): string {
  const { width, height } = plot.ctx.canvas;
  const top = TITLE_PX * look.ratio;
  const pen = new SvgPen();
  const { box } = look;
  const ink = look.colour("--dim");
  const size = 11 * look.ratio;
  const [across, up]: (uPlot.Axis & Marks)[] = plot.axes;
  const marks = (axis: Marks | undefined): [number, string][] =>
    (axis?._splits ?? []).map((at, place): [number, string] => [at, String(axis?._values?.[place] ?? "").replaceAll("\n", " ")]);
  for (const [value, text] of marks(up)) {
    const y = look.y(value);
    pen.rule(box.left, y, box.left + box.width, y, look.colour("--chart-grid"));
    pen.text(box.left - 6 * look.ratio, y + size / 3, text, ink, size, "end");
  }
  for (const [value, text] of marks(across)) {
    const x = look.x(value);
    pen.rule(x, box.top, x, box.top + box.height, look.colour("--chart-grid"));
    pen.text(x, box.top + box.height + 1.5 * size, text, ink, size, "middle");
  }
  drawAll(pen, drawn, look);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 ${-top} ${width} ${height + top}" width="${width / look.ratio}" height="${(height + top) / look.ratio}" font-family="system-ui, sans-serif">`,
    `<rect x="0" y="${-top}" width="${width}" height="${height + top}" fill="${look.colour("--page")}"/>`,
    `<text x="${8 * look.ratio}" y="${-top / 3}" font-size="${13 * look.ratio}" font-weight="600" fill="${look.colour("--ink")}">${escaped(title)}</text>`,
    ...pen.parts,
    "</svg>",
  ].join("\n");
}

const escaped = (text: string): string => text.replace(/[<>&"]|\p{Cc}/gu, (one) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" })[one] ?? " ");

/** Draws as a canvas does what this project draws, as SVG. */
class SvgPen implements Context {
  readonly parts: string[] = [];
  globalAlpha = 1;
  strokeStyle: string | CanvasGradient | CanvasPattern = "#000";
  fillStyle: string | CanvasGradient | CanvasPattern = "#000";
  lineWidth = 1;
  font = "";
  textAlign: CanvasTextAlign = "start";
  textBaseline: CanvasTextBaseline = "alphabetic";
  private path: string[] = [];
  private dash: number[] = [];
  private box = "";
  private clips = 0;
  private readonly kept: Pick<SvgPen, "globalAlpha" | "strokeStyle" | "fillStyle" | "lineWidth">[] = [];
  private readonly openAt: number[] = [];

  beginPath(): void {
    this.path = [];
    this.box = "";
  }

  moveTo(x: number, y: number): void {
    this.path.push(`M${number(x)} ${number(y)}`);
  }

  lineTo(x: number, y: number): void {
    this.path.push(`L${number(x)} ${number(y)}`);
  }

  closePath(): void {
    this.path.push("Z");
  }

  stroke(): void {
    if (!this.path.length) return;
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    this.parts.push(
      `<path d="${this.path.join("")}" fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}" opacity="${this.globalAlpha}"${dash}/>`,
    );
  }

  fill(): void {
    if (this.path.length) this.parts.push(`<path d="${this.path.join("")}" fill="${this.fillStyle}" opacity="${this.globalAlpha}"/>`);
  }

  setLineDash(dash: number[]): void {
    this.dash = dash;
  }

  save(): void {
    const { globalAlpha, strokeStyle, fillStyle, lineWidth } = this;
    this.kept.push({ globalAlpha, strokeStyle, fillStyle, lineWidth });
    this.openAt.push(this.clips);
  }

  restore(): void {
    Object.assign(this, this.kept.pop());
    for (const before = this.openAt.pop() ?? 0; this.clips > before; this.clips -= 1) this.parts.push("</g>");
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.box = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
  }

  clip(): void {
    this.clips += 1;
    this.parts.push(`<clipPath id="clip${this.clips}"><rect ${this.box}/></clipPath><g clip-path="url(#clip${this.clips})">`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.parts.push(
      `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" fill="${this.fillStyle}" opacity="${this.globalAlpha}"/>`,
    );
  }

  fillText(text: string, x: number, y: number): void {
    this.text(x, y, text, String(this.fillStyle), 12, "start");
  }

  text(x: number, y: number, text: string, paint: string, size: number, anchor: string): void {
    this.parts.push(`<text x="${number(x)}" y="${number(y)}" fill="${paint}" font-size="${size}" text-anchor="${anchor}">${escaped(text)}</text>`);
  }

  rule(x1: number, y1: number, x2: number, y2: number, paint: string): void {
    this.parts.push(`<line x1="${number(x1)}" y1="${number(y1)}" x2="${number(x2)}" y2="${number(y2)}" stroke="${paint}"/>`);
  }
}

const number = (value: number): string => String(Math.round(value * 100) / 100);

const HEAD = ["line", "part", "x", "mean", "min", "max", "smoothed", "std", "nan", "inf", "minus inf"];

/** What lines are drawn from, a row for each place. */
export function csv(lines: readonly Line[]): string {
  const rows = lines.flatMap(({ label, strokes }) =>
    strokes.flatMap(({ x, mean, min, max, smooth, isRough, odd, group }, part) =>
      x.map((place, at) => [
        ...[label, part + 1, place, mean[at], (group?.low ?? min)[at], (group?.high ?? max)[at]],
        ...[isRough ? null : smooth?.[at], group?.std[at], ...(odd[at] ?? [0, 0, 0])],
      ]),
    ),
  );
  return csvOfRows([HEAD, ...rows]);
}
