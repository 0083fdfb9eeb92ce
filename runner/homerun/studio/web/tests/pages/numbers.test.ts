import { describe, expect, it } from "vitest";
import { csvOf, joined, numeric, ordered } from "../../src/pages/run/media/cells";
import { accuracy, area, dots, histogram, ratesOf, roc, shares, ticks } from "../../src/pages/run/media/numbers";

describe("a confusion matrix", () => {
  const matrix = [
    [8, 2, 0],
    [1, 3, 0],
    [0, 0, 0],
  ];

  it("is shown as shares of its rows and columns, of nothing none", () => {
    expect(shares(matrix, "counts")).toEqual(matrix);
    expect(shares(matrix, "rows")).toEqual([
      [0.8, 0.2, 0],
      [0.25, 0.75, 0],
      [null, null, null],
    ]);
    expect(shares(matrix, "columns").map((row) => row[1])).toEqual([0.4, 0.6, 0]);
    expect(shares(matrix, "columns")[0]?.[2]).toBeNull();
  });

  it("has the share of its diagonal as accuracy", () => expect([accuracy(matrix), accuracy([[0]])]).toEqual([11 / 14, null]));
});

describe("rates of an accuracy table", () => {
  // true and false positives, true and false negatives, at thresholds 0, 0.5, 1
  const table = [
    [4, 6, 0, 0],
    [3, 1, 5, 1],
    [0, 0, 6, 4],
  ];

  it("are those of each threshold", () => {
    expect(ratesOf(table)).toEqual({ precision: [0.4, 0.75, null], recall: [1, 0.75, 0], falsePositive: [1, 1 / 6, 0] });
  });

  it("make a curve from nothing to everything, whatever their order, with the area below it", () => {
    const curve = roc(ratesOf(table));
    expect(curve).toEqual({ x: [0, 0, 1 / 6, 1, 1], y: [0, 0, 0.75, 1, 1] });
    expect(area(curve)).toBeCloseTo((0.75 / 2) * (1 / 6) + ((0.75 + 1) / 2) * (5 / 6), 12);
    expect(area(roc(ratesOf(table.toReversed())))).toBeCloseTo(area(curve), 12);
  });
});

describe("a histogram", () => {
  it("counts each number once, the greatest too", () => {
    const { edges, counts } = histogram([0, 1, 2, 3, 4, 4, 4, 4, 4]);
    expect([edges[0], edges.at(-1), counts]).toEqual([0, 4, [2, 1, 6]]);
  });

  it("leaves out what is not a number, and is one bin where all are equal", () => {
    expect(histogram([2, 2, Number.NaN, Number.POSITIVE_INFINITY])).toEqual({ edges: [1.5, 2, 2.5], counts: [0, 2] });
    expect(histogram([Number.NaN])).toEqual({ edges: [], counts: [] });
  });
});

describe("a table", () => {
  const columns = joined([{ a: 2, b: "x" }, { a: [10, 1], c: true }, { a: null }]);

  it("joins its points, with nothing where a point lacks a column", () => {
    expect(columns).toEqual([
      ["a", [2, 10, 1, null]],
      ["b", ["x"]],
      ["c", [null, true]],
    ]);
    expect(numeric(columns).map(([name]) => name)).toEqual(["a"]);
  });

  it("is ordered by numbers as numbers, what is empty last both ways", () => {
    expect(ordered(columns, 4, { column: 0, isDown: false })).toEqual([2, 0, 1, 3]);
    expect(ordered(columns, 4, { column: 0, isDown: true })).toEqual([1, 0, 2, 3]);
    expect(ordered(columns, 4, null)).toEqual([0, 1, 2, 3]);
  });

  it("is CSV with all digits, quoted where it has to be", () => {
    const odd = joined([
      { 'a"b': 1 / 3, c: "x,y" },
      { 'a"b': { z: 1 }, c: "two\nlines" },
      { 'a"b': -1, c: "=cmd()" },
    ]);
    expect(csvOf(odd, [0, 1, 2])).toBe('"a""b",c\r\n0.3333333333333333,"x,y"\r\n"{""z"":1}","two\nlines"\r\n-1,\'=cmd()\r\n');
  });
});

describe("the ticks of an axis", () => {
  it.each([
    [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [-3, 3, 6, [-3, -2, -1, 0, 1, 2, 3]],
    [1e-10, 3e-10, 2, [1e-10, 2e-10, 3e-10]],
    [5, 5, 4, [5]],
  ])("from %d to %d are round", (low, high, about, wanted) => expect(ticks(low, high, about)).toEqual(wanted));
});

it("points without both numbers are left out", () => {
  expect(dots([2, 1, null, 1], [5, 4, 3, 2])).toEqual({ x: [1, 1, 2], y: [2, 4, 5] });
});
