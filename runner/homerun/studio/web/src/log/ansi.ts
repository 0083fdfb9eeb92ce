/** Terminal colours: a line of text becomes pieces with a style each. */

export interface Piece {
  text: string;
  look: string;
  colour?: string;
}

interface Pen {
  fore: string;
  colour: string;
  isBold: boolean;
  isDim: boolean;
  isItalic: boolean;
  isUnderlined: boolean;
}

const NEW: Pen = { fore: "", colour: "", isBold: false, isDim: false, isItalic: false, isUnderlined: false };
// One of: CSI sequence, OSC sequence, another escape, a control character without a shape.
const ESCAPES = /\x1b\[([\d;:]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?|[\x00-\x08\x0b-\x1f\x7f]/g;

/** What a terminal would show after carriage returns: each writes over the line so far. */
export function fold(line: string): string {
  if (!line.includes("\r")) return line;
  const parts = line.split("\r").filter((part) => part !== "");
  return parts.at(-1) ?? "";
}

export function pieces(line: string): Piece[] {
  if (!/[\x00-\x08\x0b-\x1f\x7f]/.test(line)) return [{ text: line, look: "" }];
  const found: Piece[] = [];
  let pen = NEW;
  let at = 0;
  for (const match of line.matchAll(ESCAPES)) {
    add(found, line.slice(at, match.index), pen);
    at = match.index + match[0].length;
    if (match[2] === "m") pen = changed(pen, (match[1] ?? "").split(/[;:]/).map(Number));
  }
  add(found, line.slice(at), pen);
  return found;
}

export const plain = (line: string): string => line.replace(ESCAPES, "");

function add(found: Piece[], text: string, pen: Pen): void {
  if (!text) return;
  const look = [pen.fore, pen.isBold && "is-bold", pen.isDim && "is-dim", pen.isItalic && "is-italic", pen.isUnderlined && "is-underlined"];
  found.push({ text, look: look.filter(Boolean).join(" "), ...(pen.colour ? { colour: pen.colour } : {}) });
}

function changed(pen: Pen, codes: number[]): Pen {
  let next = { ...pen };
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) next = { ...NEW };
    else if (code === 1) next.isBold = true;
    else if (code === 2) next.isDim = true;
    else if (code === 3) next.isItalic = true;
    else if (code === 4) next.isUnderlined = true;
    else if (code === 22) next.isBold = next.isDim = false;
    else if (code === 23) next.isItalic = false;
    else if (code === 24) next.isUnderlined = false;
    else if (code >= 30 && code <= 37) [next.fore, next.colour] = [`ansi-${code - 30}`, ""];
    else if (code >= 90 && code <= 97) [next.fore, next.colour] = [`ansi-${code - 90}`, ""];
    else if (code === 39) [next.fore, next.colour] = ["", ""];
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(at + 1));
      if (code === 38) [next.fore, next.colour] = colour;
      at += used;
    }
  }
  return next;
}

/** The colour that follows 38 or 48, and of how many numbers it is made. */
function extended(codes: number[]): [[string, string], number] {
  if (codes[0] === 2) return [rgb(codes.slice(1, 4).map((one) => one & 255)), 4];
  const code = codes[1] ?? 0;
  if (code < 16) return [[`ansi-${code % 8}`, ""], 2];
  if (code >= 232) return [rgb(Array(3).fill(8 + 10 * (code - 232))), 2];
  const cube = [Math.floor((code - 16) / 36), Math.floor((code - 16) / 6) % 6, (code - 16) % 6];
  return [rgb(cube.map((one) => (one ? 55 + 40 * one : 0))), 2];
}

const rgb = (parts: number[]): [string, string] => ["", `rgb(${parts.join(",")})`];
