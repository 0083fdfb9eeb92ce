/** What the plots of logged documents show, computed from their numbers. */

export type Way = "counts" | "rows" | "columns";

/** A confusion matrix as it is, or each cell as its share of its row or column; null: there is nothing to have a share of. */
export function shares(matrix: readonly (readonly number[])[], way: Way): (number | null)[][] {
  if (way === "counts") return matrix.map((row) => [...row]);
  const ofRow = matrix.map(sum);
  const ofColumn = (matrix[0] ?? []).map((_, column) => sum(matrix.map((row) => row[column] ?? 0)));
  return matrix.map((row, at) =>
    row.map((value, column) => {
      const whole = (way === "rows" ? ofRow[at] : ofColumn[column]) ?? 0;
      return whole ? value / whole : null;
    }),
  );
}

/** The share of the diagonal. */
export function accuracy(matrix: readonly (readonly number[])[]): number | null {
  const all = sum(matrix.map(sum));
  return all ? sum(matrix.map((row, at) => row[at] ?? 0)) / all : null;
}

export interface Rates {
  precision: (number | null)[];
  /** Also the true positive rate. */
  recall: (number | null)[];
  falsePositive: (number | null)[];
}

/** @param table of a class, for each threshold: true and false positives, true and false negatives */
export function ratesOf(table: readonly (readonly number[])[]): Rates {
  const share = (part: number, other: number): (number | null)[] =>
    table.map((row) => {
      const whole = (row[part] ?? 0) + (row[other] ?? 0);
      return whole ? (row[part] ?? 0) / whole : null;
    });
  return { precision: share(0, 1), recall: share(0, 3), falsePositive: share(1, 2) };
}

export interface Dots {
  x: number[];
  y: number[];
}

/** The points that have both, from left to right; of those above each other the lowest first, or the highest where the curve falls. */
export function dots(x: readonly (number | null)[], y: readonly (number | null)[], isFalling = false): Dots {
  const both = x.flatMap((one, at): [number, number][] => {
    const other = y[at];
    return typeof one === "number" && typeof other === "number" && Number.isFinite(one) && Number.isFinite(other) ? [[one, other]] : [];
  });
  both.sort((one, other) => one[0] - other[0] || (isFalling ? other[1] - one[1] : one[1] - other[1]));
  return { x: both.map(([one]) => one), y: both.map(([, other]) => other) };
}

/** A curve of rates with both ends of it, by which everything and nothing is taken for the class. */
export function roc({ recall, falsePositive }: Rates): Dots {
  return dots([0, ...falsePositive, 1], [0, ...recall, 1]);
}

/** The area below a curve, by trapezoids. */
export function area({ x, y }: Dots): number {
  return sum(x.slice(1).map((one, at) => ((one - (x[at] ?? 0)) * ((y[at + 1] ?? 0) + (y[at] ?? 0))) / 2));
}

export interface Bins {
  edges: number[];
  counts: number[];
}

const MOST_BINS = 40;

/** How often numbers lie in places of equal width; the last one has both of its edges. */
export function histogram(values: readonly number[]): Bins {
  const finite = values.filter(Number.isFinite);
  if (!finite.length) return { edges: [], counts: [] };
  const [low, high] = finite.reduce(([least, most], one) => [Math.min(least, one), Math.max(most, one)], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  const [from, to] = low === high ? [low - 0.5, high + 0.5] : [low, high];
  const number = Math.max(1, Math.min(MOST_BINS, Math.ceil(Math.sqrt(finite.length))));
  const edges = Array.from({ length: number + 1 }, (_, at) => (at === number ? to : from + ((to - from) * at) / number));
  const counts = new Array<number>(number).fill(0);
  for (const one of finite) {
    let at = Math.min(number - 1, Math.max(0, Math.floor(((one - from) / (to - from)) * number)));
    if (at > 0 && one < (edges[at] ?? 0)) at -= 1;
    else if (at < number - 1 && one >= (edges[at + 1] ?? 0)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { edges, counts };
}

/** Round numbers between two, about so many. */
export function ticks(low: number, high: number, about: number): number[] {
  const rough = (high - low) / Math.max(1, about);
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
