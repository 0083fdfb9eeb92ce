import { expect, test } from "vitest";
import { difference } from "../../src/format";
import { bestWords, path } from "../../src/pages/home/sparkline";
import type { SeriesRow } from "../../src/types";

test.each([
  [1.5, 1, "+0.5"],
  [1, 1.5, "−0.5"],
  [1, 1, "±0"],
  [10, 1, "×10"],
  [0.05, 1, "×0.05"],
  [1310, 10, "×130"],
  [-10, 1, "−11"],
  [5, 0, "+5"],
  [0, 5, "−5"],
  [0.096607, 0.096554, "+5.3e-5"],
])("%s differs from %s by %s", (value, from, says) => {
  expect(difference(value, from)).toBe(says);
});

test.each([
  [0.5, 0.9, true, "best other 0.9"],
  [0.95, 0.9, true, "best so far"],
  [0.1, 0.2, false, "best so far"],
  [0.3, 0.2, false, "best other 0.2"],
  [null, 0.2, false, "best other 0.2"],
  [0.3, null, false, ""],
])("%s against the best of the others, %s (more is better: %s), is told as %j", (value, other, isMost, words) => {
  expect(bestWords(value, other, isMost)).toBe(words);
});

const curve = (mean: SeriesRow["mean"], cuts: number[] = []): SeriesRow => ({ mean, cuts, x_last: mean.map((_, at) => at) }) as unknown as SeriesRow;

test("a stroke begins again behind what is not a number, and where a run was begun again", () => {
  expect(path(curve([0, 1, null, 1, 0], [4]), [0, 4], [0, 1])).toBe("M2.0 30.0L31.0 2.0M89.0 2.0M118.0 30.0");
});

test("a point alone is seen", () => {
  expect(path(curve([1]), [-1, 1], [0, 2])).toMatch(/^M60.0 16.0h0.01$/);
});
