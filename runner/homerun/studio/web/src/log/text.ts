/** The part of a log that is loaded: whole lines around the view, read piece by piece. */

import { signal } from "@preact/signals";
import { get } from "../server/api";
import type { LogPiece, Queries } from "../types";

type Place = Omit<Queries["runs/{id}/log"], "id" | "log">;

export interface LogLine {
  text: string;
  at: number;
  number: number | null;
}

const PIECE = 128 * 1024;
const MOST_LINES = 60_000;
const MOST_BYTES = 6 * 1024 * 1024;
const LONGEST = 200_000;
const encoder = new TextEncoder();

export class LogText {
  readonly version = signal(0);
  readonly error = signal<Error | null>(null);
  lines: LogLine[] = [];
  size = 0;
  from = 0;
  to = 0;
  isLive = false;
  isRead = false;
  /** How many lines came (or, below zero, went) above what was there: to scroll along. */
  moved = 0;

  private hasOpenEnd = false;
  private work: Promise<void> = Promise.resolve();
  private round = 0;

  constructor(
    readonly run: string,
    readonly name: string,
  ) {}

  get isAtStart(): boolean {
    return this.from === 0;
  }

  get isAtEnd(): boolean {
    return this.to >= this.size;
  }

  /** Throw away what is loaded and read somewhere else. Answers the line that was asked for. */
  async jump(where: { end: true } | { at: number } | { line: number }): Promise<number> {
    this.round += 1;
    let asked = 0;
    await this.turn(async () => {
      const piece = await this.ask(where);
      this.lines = linesOf(piece);
      [this.from, this.to] = [piece.from, piece.to];
      this.hasOpenEnd = isOpen(piece);
      this.moved = 0;
      asked = "end" in where ? this.lines.length - 1 : 0;
      // Something to see above the line, too.
      if (this.from > 0 && !("end" in where)) {
        const above = await this.ask({ before: this.from });
        asked += this.putAbove(above);
        this.moved = 0;
      }
      this.isRead = true;
    });
    return asked;
  }

  above(): Promise<void> {
    if (this.isAtStart) return Promise.resolve();
    return this.turn(async () => {
      this.moved += this.putAbove(await this.ask({ before: this.from }));
      while (this.isTooMuch() && this.lines.length > 1) {
        const gone = this.lines.splice(-Math.ceil(this.lines.length / 4));
        this.to = gone[0]?.at ?? this.to;
        this.hasOpenEnd = false;
      }
    });
  }

  below(): Promise<void> {
    if (this.isAtEnd) return Promise.resolve();
    return this.turn(async () => {
      const piece = await this.ask({ at: this.to });
      if (piece.size < this.to) {
        // Cut short in between: what is loaded is no longer there.
        this.lines = [];
        [this.from, this.to, this.hasOpenEnd] = [0, 0, false];
        return;
      }
      this.putBelow(piece);
      while (this.isTooMuch() && this.lines.length > 1) {
        const gone = this.lines.splice(0, Math.ceil(this.lines.length / 4));
        this.from = this.lines[0]?.at ?? this.from;
        this.moved -= gone.length;
      }
    });
  }

  /** Ask for the numbers of lines that were not counted yet. Answers whether they are known. */
  async number(): Promise<boolean> {
    const [first] = this.lines;
    if (!first || first.number !== null) return true;
    const piece = await this.ask({ at: first.at, bytes: 1 });
    if (piece.line === null) return false;
    const { line } = piece;
    if (this.lines[0] === first) this.lines = this.lines.map((one, at) => ({ ...one, number: line + at }));
    this.version.value += 1;
    return true;
  }

  grow(size: number, isLive: boolean): void {
    this.size = size;
    this.isLive = isLive;
    this.version.value += 1;
  }

  private isTooMuch(): boolean {
    return this.lines.length > MOST_LINES || this.to - this.from > MOST_BYTES;
  }

  /** One after the other, and what a later jump made pointless not at all. */
  private turn(read: () => Promise<void>): Promise<void> {
    const round = this.round;
    this.work = this.work.then(async () => {
      if (round !== this.round) return;
      try {
        await read();
        this.error.value = null;
      } catch (error) {
        this.error.value = error as Error;
      }
      this.version.value += 1;
    });
    return this.work;
  }

  private async ask(where: Place): Promise<LogPiece> {
    const piece = await get("runs/{id}/log", { id: this.run, log: this.name, bytes: PIECE, ...where });
    [this.size, this.isLive] = [piece.size, piece.is_live];
    return piece;
  }

  private putAbove(piece: LogPiece): number {
    const added = linesOf(piece);
    const [first] = this.lines;
    const last = added.at(-1);
    if (isOpen(piece) && first && last) {
      added.pop();
      this.lines[0] = { ...last, text: (last.text + first.text).slice(0, LONGEST) };
    }
    const next = this.lines[0]?.number;
    if (piece.line === null && next) added.forEach((one, at) => (one.number = next - added.length + at));
    this.lines = [...added, ...this.lines];
    this.from = piece.from;
    return added.length;
  }

  private putBelow(piece: LogPiece): void {
    const added = linesOf(piece);
    const last = this.lines.at(-1);
    const [first] = added;
    if (this.hasOpenEnd && last && first) {
      // The line went on: it comes whole, or, where it is very long, its next part.
      if (piece.from < this.to) this.lines.pop();
      else {
        added.shift();
        this.lines[this.lines.length - 1] = { ...last, text: (last.text + first.text).slice(0, LONGEST) };
      }
    }
    const known = this.lines.at(-1)?.number;
    if (piece.line === null && known) added.forEach((one, at) => (one.number = known + 1 + at));
    this.lines = [...this.lines, ...added];
    this.to = piece.to;
    this.hasOpenEnd = isOpen(piece);
  }
}

const isOpen = (piece: LogPiece): boolean => piece.text !== "" && !piece.text.endsWith("\n");

export function linesOf(piece: LogPiece): LogLine[] {
  const texts = piece.text.split("\n");
  if (texts.at(-1) === "") texts.pop();
  const isAscii = piece.text.length === piece.to - piece.from;
  let at = piece.from;
  return texts.map((text, index) => {
    const line = { text: text.endsWith("\r") ? text.slice(0, -1) : text, at, number: piece.line === null ? null : piece.line + index };
    at += (isAscii ? text.length : encoder.encode(text).length) + 1;
    return line;
  });
}
