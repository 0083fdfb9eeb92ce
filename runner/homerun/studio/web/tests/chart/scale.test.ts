import { describe, expect, it } from "vitest";
import { acrossOf, bendOf, clock, DURATIONS, logMarks, quantile, shifted, symlogMarks, upOf } from "../../src/chart/curve/scale";
import type { Stroke } from "../../src/chart/curve/strokes";

function stroke(mean: (number | null)[], more: Partial<Stroke> = {}): Stroke {
  const count = mean.map(() => 1);
  return { x: mean.map((_, at) => at), min: mean, max: mean, mean, count, smooth: null, isRough: false, odd: mean.map(() => [0, 0, 0]), group: null, ...more };
}

const near = (found: readonly number[] | null, wanted: readonly number[]): void =>
  wanted.forEach((one, at) => expect(Math.abs((found?.[at] ?? Number.NaN) - one)).toBeLessThan(1e-9 * Math.max(1, Math.abs(one))));

describe("from where to where a chart goes", () => {
  it("is all of its values, with room around them", () => {
    near(upOf([stroke([0, 10]), stroke([null, -10])], [0, 9], "linear", "all"), [-11, 11]);
    near(upOf([stroke([5])], [0, 9], "linear", "all"), [4.5, 5.5]);
    expect(upOf([stroke([null])], [0, 9], "linear", "all")).toBeNull();
  });

  it("is of what is within the part that is shown", () => {
    near(upOf([stroke([1000, 0, 10, 1000])], [1, 2], "linear", "all"), [-0.5, 10.5]);
  });

  it("has the least and the greatest of each place, and without outliers the lines", () => {
    const spiked = stroke([1, 2, 3], { max: [1, 50, 3] });
    near(upOf([spiked], [0, 2], "linear", "all"), [1 - 49 * 0.05, 50 + 49 * 0.05]);
    expect(upOf([spiked], [0, 2], "linear", "inner")?.[1]).toBeLessThan(3.2);
  });

  it("leaves out one percent on both sides where it is asked to", () => {
    const values = Array.from({ length: 201 }, (_, at) => (at === 0 ? -1e6 : at === 200 ? 1e6 : at));
    near(upOf([stroke(values)], [0, 300], "linear", "inner"), [2 - 196 * 0.05, 198 + 196 * 0.05]);
  });

  it("is what a person says, where that can be shown", () => {
    expect(upOf([stroke([1])], [0, 9], "linear", [-3, 8])).toEqual([-3, 8]);
    expect(upOf([stroke([1])], [0, 9], "log", [-3, 8])).toBeNull();
  });

  it("has on a logarithmic scale no whole decades that it does not need, and nothing below 0", () => {
    const [low, high] = upOf([stroke([-5, 0, 1.5, 12])], [0, 9], "log", "all") ?? [0, 0];
    expect(low).toBeGreaterThan(1.2);
    expect(high).toBeLessThan(14);
  });

  it("is from the first to the last point of all strokes, on a logarithmic axis of those above 0", () => {
    expect(acrossOf([stroke([1, 1, 1]), stroke([1], { x: [7] })])).toEqual([0, 7]);
    expect(acrossOf([stroke([1, 1, 1])], true)).toEqual([1, 2]);
    expect(acrossOf([stroke([1])])).toEqual([-0.5, 0.5]);
    expect(acrossOf([])).toBeNull();
  });
});

describe("marks of an axis", () => {
  it("are powers of ten where it is logarithmic, never a fan", () => {
    near(logMarks(0.5, 2000), [1, 10, 100, 1000]);
    expect(logMarks(1e-30, 1e30).length).toBeLessThan(10);
    near(logMarks(3, 60), [5, 10, 20, 50]);
    near(
      logMarks(2, 4),
      [2, 2.5, 3, 3.5, 4].filter((one) => one % 0.5 === 0),
    );
    expect(logMarks(0, 1)).toEqual([]);
  });

  it("lie on both sides of 0 where it is symmetric", () => {
    expect(symlogMarks(-150, 20, 1)).toEqual([-100, -10, -1, 0, 1, 10]);
    expect(symlogMarks(3, 4, 1).length).toBeGreaterThan(2);
  });

  it("of durations are those of clocks", () => {
    for (const minutes of [1, 5, 15, 30]) expect(DURATIONS).toContain(minutes * 60);
    expect([0, 45, 60, 90, 900, 3600, 5400, 86400 * 3].map(clock)).toEqual(["0 s", "45 s", "1 min", "1:30 min", "15 min", "1 h", "1:30 h", "3 d"]);
  });
});

it("a symmetric scale bends below what is usual", () => {
  expect(bendOf([stroke([500, -500, null, 0])])).toBe(10);
  expect(bendOf([stroke([0])])).toBe(1);
});

it("a quantile lies between its neighbours", () => {
  expect(quantile([0, 10], 0.25)).toBe(2.5);
});

it("a part that is moved keeps its length, as its scale has it", () => {
  expect(shifted([10, 20], 0.5, "linear")).toEqual([15, 25]);
  near(shifted([1, 100], 0.5, "log"), [10, 1000]);
  near(shifted([-10, 10], 0, "symlog", 3), [-10, 10]);
  const [low, high] = shifted([0, 10], 1, "symlog", 1);
  near([low, Math.asinh(high)], [10, 2 * Math.asinh(10)]);
});
