/** Tables of several runs as one, by what stands in one of their columns; and the places of their images. */

import type { ColumnsOf } from "../run/media/cells";

export interface NamedTable {
  label: string;
  columns: ColumnsOf;
}

const textOf = (cell: unknown): string => JSON.stringify(cell ?? null);

/** The columns that all tables have; first those that tell the rows of each apart. */
export function keysOf(tables: readonly NamedTable[]): string[] {
  const [first, ...others] = tables;
  const shared = (first?.columns ?? []).map(([name]) => name).filter((name) => others.every(({ columns }) => columns.some(([one]) => one === name)));
  const tells = (name: string): boolean => tables.every(({ columns }) => isUnique(columns.find(([one]) => one === name)?.[1] ?? []));
  return [...shared.filter(tells), ...shared.filter((name) => !tells(name))];
}

const isUnique = (cells: readonly unknown[]): boolean => new Set(cells.map(textOf)).size === cells.length;

/** One row for each value of the key; where a table has it several times, its rows follow each other as they do there. */
export function joinedBy(key: string, tables: readonly NamedTable[]): ColumnsOf {
  const places = new Map<string, number>();
  const keys: unknown[] = [];
  const rows = tables.map(({ columns }) => {
    const seen = new Map<string, number>();
    return (columns.find(([name]) => name === key)?.[1] ?? []).map((cell) => {
      const text = textOf(cell);
      const time = seen.get(text) ?? 0;
      seen.set(text, time + 1);
      const said = `${time} ${text}`;
      const known = places.get(said) ?? keys.length;
      if (known === keys.length) {
        places.set(said, known);
        keys.push(cell);
      }
      return known;
    });
  });
  const names = [...new Set(tables.flatMap(({ columns }) => columns.map(([name]) => name)))].filter((name) => name !== key);
  const columns = names.flatMap((name) =>
    tables.flatMap(({ label, columns }, at): ColumnsOf => {
      const own = columns.find(([one]) => one === name)?.[1];
      if (!own) return [];
      const cells: unknown[] = new Array(keys.length).fill(null);
      rows[at]?.forEach((row, place) => {
        cells[row] = own[place] ?? null;
      });
      return [[`${name}, ${label}`, cells]];
    }),
  );
  return [[key, keys], ...columns];
}

/** An image of a run, and when it was logged: at which step, or as which one of them. */
export interface Shot {
  file: string;
  at: number;
}

interface Image {
  file: string;
  step: number | null;
  number: number;
}

/** Images by their steps where all have one, else by their numbers from 1; of several at one place the last. */
export function shotsOf(each: readonly (readonly Image[])[]): { isStepped: boolean; shots: Shot[][]; places: number[] } {
  const isStepped = each.every((images) => images.every((one) => one.step !== null));
  const shots = each.map((images) => {
    const byPlace = new Map(images.map((one) => [(isStepped ? one.step : null) ?? one.number + 1, one.file]));
    return [...byPlace].map(([at, file]) => ({ file, at })).sort((one, other) => one.at - other.at);
  });
  return { isStepped, shots, places: [...new Set(shots.flat().map((one) => one.at))].sort((one, other) => one - other) };
}

/** The image that a run had last at a place; null: none yet. */
export const shotAt = (shots: readonly Shot[], place: number): Shot | null => shots.findLast((one) => one.at <= place) ?? null;
