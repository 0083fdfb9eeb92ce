/** How values are written for people. */

import { signal } from "@preact/signals";
import type { Numeric, Params, RunRow, Status, Unread } from "./types";

export const LIVE: ReadonlySet<Status> = new Set(["Queued", "Preparing", "Running", "CancelRequested", "Finalizing", "NotResponding"]);
const ENDED: ReadonlySet<Status> = new Set(["Completed", "Failed", "Canceled"]);

const GOING_ON: ReadonlySet<Status> = new Set(["Running", "CancelRequested", "Finalizing"]);

export const isGoingOn = (status: Status): boolean => GOING_ON.has(status);
export const isLive = (status: Status): boolean => LIVE.has(status);
export const isEnded = (status: Status): boolean => ENDED.has(status);

/** The server's clock, moving once a second: for durations of what still runs. */
export const now = signal(Date.now());
let ahead = 0;
setInterval(() => (now.value = Date.now() + ahead), 1000);

export function setClock(time: string): void {
  ahead = Date.parse(time) - Date.now();
  now.value = Date.now() + ahead;
}

const WORDS: Partial<Record<Status, string>> = {
  NotStarted: "Not started",
  CancelRequested: "Cancel requested",
  NotResponding: "Not responding",
};

export const statusWord = (status: Status): string => WORDS[status] ?? status;

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const [d, h, m, s] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  if (d) return `${d} d ${h} h`;
  if (h) return `${h} h ${pad(m)} min`;
  return m ? `${m} min ${pad(s)} s` : `${s} s`;
}

const pad = (value: number): string => String(value).padStart(2, "0");

/** How long a run has taken, or takes until now. */
export function took(run: Pick<RunRow, "duration_s" | "status" | "started">): number | null {
  if (run.duration_s !== null) return run.duration_s;
  if (!run.started || isEnded(run.status)) return null;
  return Math.max(0, Math.floor((now.value - Date.parse(run.started)) / 1000));
}

export function ago(time: string | null): string {
  if (!time) return "";
  const seconds = Math.max(0, (now.value - Date.parse(time)) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 14 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
  return new Date(time).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

export function moment(time: string | null): string {
  if (!time) return "";
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** A moment to the millisecond, from seconds since 1970: two points of a metric may be that close. */
export function instant(seconds: number): string {
  const date = { year: "numeric", month: "short", day: "numeric" } as const;
  return new Date(seconds * 1000).toLocaleString(undefined, { ...date, hour: "numeric", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
}

export function toNumber(value: Numeric | undefined): number | null {
  if (value === null || value === undefined) return null;
  return typeof value === "number" ? value : Number(value);
}

/** What runs have, or a group of them, that have nothing in a field. */
export const NO_VALUE = "no value";

export function figure(value: unknown, digits = 5): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return value.toExponential(digits - 2);
  return String(Number(value.toPrecision(digits)));
}

/** A parameter as it was given: no digit is left out. */
export function parameter(value: Params[string] | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const MOST_CHARS = 9;

/** A parameter in the room that a column has: a long fraction with five digits. */
export function shortParameter(value: Params[string] | undefined): string {
  const whole = parameter(value);
  return typeof value === "number" && !Number.isInteger(value) && whole.length > MOST_CHARS ? String(Number(value.toPrecision(5))) : whole;
}

const MOST_DIGITS = 15;

/** Figures with as many digits as tell one from the next. */
export function figures(values: readonly (number | null)[]): string[] {
  const distinct = new Set(values).size;
  for (let digits = 5; ; digits += 1) {
    const texts = values.map((one) => figure(one, digits));
    if (digits === MOST_DIGITS || new Set(texts).size === distinct) return texts;
  }
}

/** How far a value is from another one: how many times of what is ten times as large or small, else the plain difference. */
export function difference(value: number, from: number): string {
  const times = value / from;
  if (Number.isFinite(times) && times > 0 && (times >= 10 || times <= 0.1)) return `×${Number(times.toPrecision(2))}`;
  const apart = value - from;
  return apart === 0 ? "±0" : `${apart > 0 ? "+" : "−"}${figure(Math.abs(apart), 3)}`;
}

/** What is said behind a number that counts the runs which are read so far; all are: nothing. */
export function soFar(unread: Unread | null): string {
  return unread ? ` so far: reading the store, ${count(unread.of - unread.runs)} of ${count(unread.of)} runs are read` : "";
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return "";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const percent = (value: number | null): string => (value === null ? "" : `${Math.round(value)} %`);
export const memory = (kib: number | null): string => (kib === null ? "" : bytes(kib * 1024));

/** Split a command line into words as a shell does: quotes and backslashes, nothing else. */
export function splitWords(text: string): string[] {
  const found: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (quote) {
      if (char === quote) quote = "";
      else if (char === "\\" && quote === '"' && /["\\$`]/.test(text[at + 1] ?? "")) word += text[(at += 1)] ?? "";
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (char === "\\") {
      word = (word ?? "") + (text[(at += 1)] ?? "");
    } else if (/\s/.test(char)) {
      if (word !== null) found.push(word);
      word = null;
    } else word = (word ?? "") + char;
  }
  if (word !== null) found.push(word);
  return found;
}

export function joinWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./~*-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)).join(" ");
}
