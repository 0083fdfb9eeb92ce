/** The rows of a log: one for each line, or, where lines are wrapped, as many as each needs. */

import { fold, type Piece, pieces, plain } from "./ansi";
import type { LogLine } from "./text";

/** Of an endless line so much is shown. */
export const LONGEST_WRAPPED = 100_000;
const widths = new WeakMap<LogLine, number>();

export class Rows {
  readonly count: number;
  /** The first row of each line, and behind the last line how many rows there are; null: a row is a line. */
  private readonly starts: Uint32Array | null;

  /** @param columns so many characters stand in a row; 0: lines are not wrapped */
  constructor(
    lines: readonly LogLine[],
    private readonly columns: number,
    isFolding: boolean,
  ) {
    this.starts = columns > 0 ? startsOf(lines, columns, isFolding) : null;
    this.count = this.starts?.at(-1) ?? lines.length;
  }

  /** The first row of a line. */
  of(line: number): number {
    return this.starts?.[Math.max(0, Math.min(line, this.starts.length - 1))] ?? line;
  }

  /** The line of a row, and which of its rows that is. */
  at(row: number): { line: number; part: number } {
    const { starts } = this;
    if (!starts) return { line: row, part: 0 };
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= row) low = middle;
      else high = middle - 1;
    }
    return { line: low, part: row - (starts[low] ?? 0) };
  }

  /** What stands in a row of a line. */
  cut(all: Piece[], part: number): Piece[] {
    if (!this.starts) return all;
    const [from, to] = [part * this.columns, (part + 1) * this.columns];
    let at = 0;
    return all.flatMap((one) => {
      const [start, end] = [Math.max(0, from - at), Math.min(one.text.length, to - at)];
      at += one.text.length;
      return end > start ? [{ ...one, text: one.text.slice(start, end) }] : [];
    });
  }
}

/** The text of a line as it is shown. */
export const shownOf = (text: string, isFolding: boolean): string => (isFolding ? fold(text) : text.replaceAll("\r", "␍"));

export const piecesOf = (text: string): Piece[] => pieces(text.replaceAll("\t", "    "));

function startsOf(lines: readonly LogLine[], columns: number, isFolding: boolean): Uint32Array {
  const starts = new Uint32Array(lines.length + 1);
  lines.forEach((line, at) => {
    const width = Math.min(LONGEST_WRAPPED, isFolding ? widthOf(line) : widthOfText(shownOf(line.text, false)));
    starts[at + 1] = (starts[at] ?? 0) + Math.max(1, Math.ceil(width / columns));
  });
  return starts;
}

const widthOfText = (text: string): number => plain(text.replaceAll("\t", "    ")).length;

function widthOf(line: LogLine): number {
  const known = widths.get(line);
  if (known !== undefined) return known;
  const width = widthOfText(shownOf(line.text, true));
  widths.set(line, width);
  return width;
}
