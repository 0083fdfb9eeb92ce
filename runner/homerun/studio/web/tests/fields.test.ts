import { expect, test } from "vitest";
import { betterOf, columnsOfRuns, type FieldColumn, groupsOf, paretoFront, titlesOf, type Value } from "../src/analysis/fields";
import type { RunRow } from "../src/types";

const column = (name: string, values: Value[]): FieldColumn => ({ name, values, isNumber: values.every((one) => one === null || typeof one === "number") });
const run = (given: Partial<RunRow>): RunRow => ({ params: {}, metrics: {}, tags: {}, status: "Completed", duration_s: 1, ...given }) as RunRow;

test("the numbers of a group are those of numpy", () => {
  // numpy.mean, numpy.std(ddof=1) and numpy.quantile of these six.
  const [all] = groupsOf(null, column("m", [3, 1, 4, 1.5, 9, 2.6]));
  expect(all?.count).toBe(6);
  expect(all?.mean).toBeCloseTo(3.5166666666666666, 12);
  expect(all?.std).toBeCloseTo(2.891654658956817, 12);
  expect(all?.box.map((one) => Number(one.toFixed(10)))).toEqual([1, 1.775, 2.8, 3.75, 9]);
});

test("groups stand in the order of their numbers, what has none behind them, and runs without the metric in none", () => {
  const groups = groupsOf(column("lr", [0.1, 10, 2, null, 0.1]), column("m", [1, 2, 3, 4, null]));
  expect(groups.map((one) => [one.value, one.count, one.mean, one.std])).toEqual([
    ["0.1", 1, 1, 0],
    ["2", 1, 3, 0],
    ["10", 1, 2, 0],
    ["no value", 1, 4, 0],
  ]);
});

test.each([
  [false, false, [0, 1, 3]],
  [true, false, [3, 4]],
  [false, true, [0]],
  [true, true, [0, 2, 4]],
])("no other run beats those of the front (more x %s, more y %s)", (moreX, moreY, front) => {
  const x = [1, 2, 3, 4, 5];
  const y = [5, 3, 4, 1, 2];
  expect(paretoFront(x, y, moreX, moreY).sort()).toEqual(front);
});

test("what is better on an axis is what its metric tells, until the address says otherwise", () => {
  const ways = new Map([
    ["metrics.accuracy", true],
    ["metrics.loss", false],
    ["metrics.cost", null],
  ]);
  expect(betterOf(null, ways, "params.lr", "metrics.accuracy")).toEqual({ x: false, y: true });
  expect(betterOf(null, ways, "metrics.loss", "metrics.cost")).toEqual({ x: false, y: false });
  expect(betterOf("-", ways, "params.lr", "metrics.accuracy")).toEqual({ x: false, y: false });
  expect(betterOf("xy", ways, "metrics.loss", "metrics.cost")).toEqual({ x: true, y: true });
});

test("a field is called by its short name where that is its own", () => {
  const title = titlesOf([{ name: "params.lr" }, { name: "params.opt" }, { name: "metrics.lr" }, { name: "duration" }]);
  expect(["params.lr", "params.opt", "metrics.lr", "duration"].map(title)).toEqual(["params.lr", "opt", "metrics.lr", "duration"]);
});

test("equal runs share the front, and a run without a number is in none", () => {
  expect(paretoFront([1, 1, null, 2], [1, 1, 0, "text"], false, false)).toEqual([0, 1]);
});

test("columns are fields that differ; a metric is one even so, and an odd value is text or none", () => {
  const runs = [
    run({ params: { lr: 0.1, opt: "adam", same: 1, odd: [1, 2] }, metrics: { loss: { last: "NaN" } } as unknown as RunRow["metrics"] }),
    run({ params: { lr: 1, opt: "sgd", same: 1, odd: true }, metrics: { loss: { last: 0.5 } } as unknown as RunRow["metrics"], tags: { best: null } }),
  ];
  expect(columnsOfRuns(runs)).toEqual([
    { name: "params.lr", isNumber: true, values: [0.1, 1] },
    { name: "params.odd", isNumber: false, values: ["[1,2]", "true"] },
    { name: "params.opt", isNumber: false, values: ["adam", "sgd"] },
    { name: "metrics.loss", isNumber: true, values: [null, 0.5] },
    { name: "tags.best", isNumber: false, values: [null, "✓"] },
  ]);
});
