/** The cells of a logged table: their order, and as CSV. */

import { csvOfRows } from "../../../ui/keep";

export type ColumnsOf = [string, unknown[]][];

export interface Order {
  column: number;
  isDown: boolean;
}

export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The rows by a column: numbers by their size, then words; what is empty last, whichever way it goes. */
export function ordered(columns: ColumnsOf, height: number, order: Order | null): number[] {
  const rows = Array.from({ length: height }, (_, at) => at);
  const cells = order && columns[order.column]?.[1];
  if (!cells) return rows;
  const way = order.isDown ? -1 : 1;
  return rows.sort((one, other) => compared(cells[one], cells[other], way) || one - other);
}

function compared(one: unknown, other: unknown, way: number): number {
  const [rank, otherRank] = [rankOf(one), rankOf(other)];
  if (rank !== otherRank) return rank === 2 || otherRank === 2 ? rank - otherRank : way * (rank - otherRank);
  if (rank === 0) return way * ((one as number) - (other as number));
  return rank === 1 ? way * cellText(one).localeCompare(cellText(other)) : 0;
}

function rankOf(value: unknown): number {
  if (typeof value === "number" && !Number.isNaN(value)) return 0;
  return value === null || value === undefined || value === "" ? 2 : 1;
}

/** Some rows as CSV, the names of the columns above them. */
export const csvOf = (columns: ColumnsOf, rows: readonly number[]): string =>
  csvOfRows([columns.map(([name]) => name), ...rows.map((row) => columns.map(([, cells]) => cells[row]))]);

/** The cells of all points, column by column; a point that lacks a column has none there. */
export function joined(points: readonly unknown[]): ColumnsOf {
  const columns = new Map<string, unknown[]>();
  let height = 0;
  for (const point of points) {
    const cells = Array.isArray(point) || point === null || typeof point !== "object" ? { value: point } : point;
    const parts = Object.entries(cells).map(([name, cell]): [string, unknown[]] => [name, Array.isArray(cell) ? cell : [cell]]);
    for (const [name, part] of parts) {
      const column = columns.get(name) ?? [];
      while (column.length < height) column.push(null);
      for (const one of part) column.push(one);
      columns.set(name, column);
    }
    height = Math.max(height, ...[...columns.values()].map((one) => one.length));
  }
  return [...columns];
}

/** The columns that have numbers, and nothing else. */
export function numeric(columns: ColumnsOf): [string, (number | null)[]][] {
  return columns.filter((one): one is [string, (number | null)[]] => {
    const known = one[1].filter((cell) => cell !== null && cell !== undefined);
    return known.length > 0 && known.every((cell) => typeof cell === "number");
  });
}
