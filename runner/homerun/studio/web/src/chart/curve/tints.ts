/** Lines coloured by what their runs have in a field: texts by hues, numbers by a scale. */

import type { FieldColumn, Value } from "../../analysis/fields";
import { figure, NO_VALUE } from "../../format";
import { type Paint, paintOf, shadeOf, UNKNOWN } from "./paints";

export interface Tints {
  paint: (at: number) => Paint;
  /** What a run has there, in words. */
  words: (at: number) => string;
  /** The ends of the scale; null: the field is no number. */
  scale: { low: number; high: number; isLog: boolean } | null;
}

/** From so many times on, numbers above 0 are told apart by their powers. */
const WIDE = 100;

export function tintsOf({ values, isNumber }: FieldColumn): Tints {
  const known = values.filter((one): one is number | string => one !== null);
  const words = (at: number): string => sayOf(values[at] ?? null);
  if (!isNumber) {
    const order = [...new Set(known.map(String))].sort((one, other) => one.localeCompare(other, undefined, { numeric: true }));
    const paint = (at: number): Paint => (values[at] === null || values[at] === undefined ? UNKNOWN : paintOf(order.indexOf(String(values[at]))));
    return { paint, words, scale: null };
  }
  const numbers = known as number[];
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const isLog = low > 0 && high / low >= WIDE;
  const place = isLog ? Math.log : (value: number) => value;
  const [start, length] = [place(low), place(high) - place(low)];
  const paint = (at: number): Paint => {
    const value = values[at];
    return typeof value === "number" ? shadeOf(length > 0 ? (place(value) - start) / length : 0) : UNKNOWN;
  };
  return { paint, words, scale: { low, high, isLog } };
}

const sayOf = (value: Value): string => (value === null ? NO_VALUE : typeof value === "number" ? figure(value) : value);
