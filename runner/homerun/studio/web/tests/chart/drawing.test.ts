import { describe, expect, it } from "vitest";
import { barsOf, isOnce } from "../../src/chart/bars";
import type { Line } from "../../src/chart/chart";
import { averaged } from "../../src/chart/curve/average";
import { type Context, type Drawn, drawAll, drawBehind, drawLines, type Look } from "../../src/chart/curve/draw";
import { BESIDE, HUES, paintOf, shadeOf, UNKNOWN } from "../../src/chart/curve/paints";
import { groupStroke, type Stroke, smoothed, spikes } from "../../src/chart/curve/strokes";
import { tintsOf } from "../../src/chart/curve/tints";
import { csv, fileName } from "../../src/chart/export";
import { groupName, namesBeside, namesOfGroups, namesOfRuns, paintAmong } from "../../src/chart/lines";
import { readings, tell } from "../../src/chart/tip";

function stroke(mean: (number | null)[], more: Partial<Stroke> = {}): Stroke {
  const count = mean.map(() => 1);
  return { x: mean.map((_, at) => at), min: mean, max: mean, mean, count, smooth: null, isRough: false, odd: mean.map(() => [0, 0, 0]), group: null, ...more };
}

const NO_PLACES = { smoothing: "", points: 0, x: [], mean: [], raw: [], std: [], min: [], max: [], count: [] };

const drawnOf = (key: string, one: Stroke): Drawn => ({ stroke: one, key, label: key, paint: paintOf(0), isFormer: false, isAgain: false });
const lineOf = (key: string, one: Stroke): Line => ({ key, label: key, paint: paintOf(0), strokes: [one] });
const PIXELS = { toX: (value: number) => value * 10, toY: (value: number) => 100 - value * 10, fromX: (pixel: number) => pixel / 10 };

/** A canvas that keeps what it was told, with how opaque that is. */
function sheet(): { ctx: Context; said: string[] } {
  const said: string[] = [];
  const note =
    (word: string) =>
    (...given: unknown[]): void =>
      void said.push(`${word} ${given.map((one) => (typeof one === "number" ? Math.round(one) : one)).join(" ")} @${ctx.globalAlpha}`);
  const names = ["beginPath", "moveTo", "lineTo", "closePath", "stroke", "fill", "setLineDash", "save", "restore", "rect", "clip", "fillText", "fillRect"];
  const ctx = { globalAlpha: 1, ...Object.fromEntries(names.map((one) => [one, note(one)])) } as Context;
  return { ctx, said };
}

const look = (above: string | null = null): Look => ({
  x: PIXELS.toX,
  y: PIXELS.toY,
  box: { left: 0, top: 0, width: 1000, height: 100 },
  ratio: 1,
  colour: (token) => token,
  above,
});

describe("a stroke", () => {
  it("has a gap where it has no number, and a dot where it stands alone", () => {
    const { ctx, said } = sheet();
    const long = Array.from({ length: 60 }, (_, at) => (at === 30 || at === 32 ? null : 1));
    drawAll(ctx, [drawnOf("a", stroke(long))], look());
    const lines = said.filter((one) => /^(moveTo|lineTo|fillRect)/.test(one));
    expect(lines.filter((one) => one.startsWith("moveTo"))).toEqual(["moveTo 0 90 @1", "moveTo 310 90 @1", "moveTo 330 90 @1"]);
    expect(lines.filter((one) => one.startsWith("fillRect"))).toHaveLength(1);
  });

  it("has a mark in full ink where a value lies far off", () => {
    const { ctx, said } = sheet();
    const usual = Array.from({ length: 100 }, () => 1);
    const far = stroke(usual, { max: usual.map((_, at) => (at === 50 ? 9 : 1.1)), min: usual });
    expect(spikes(far)).toEqual([50]);
    drawAll(ctx, [drawnOf("a", far)], look());
    expect(said).toContain("lineTo 500 10 @1");
  });

  it("fades where another one stands out", () => {
    const { ctx, said } = sheet();
    drawAll(ctx, [drawnOf("a", stroke([1, 2])), drawnOf("b", stroke([3, 4]))], look("a"));
    const moves = said.filter((one) => one.startsWith("moveTo"));
    expect(moves).toEqual(["moveTo 0 70 @0.25", "moveTo 0 90 @1"]);
  });

  it("is faint behind its average", () => {
    const { ctx, said } = sheet();
    drawAll(ctx, [drawnOf("a", stroke([1, 2], { smooth: [5, 6] }))], look());
    expect(said.filter((one) => one.startsWith("moveTo"))).toEqual(["moveTo 0 90 @0.2", "moveTo 0 50 @1"]);
  });
});

describe("a picture of which only the averages change", () => {
  it("is what stands behind the lines, and then the lines", () => {
    const drawn = [drawnOf("a", stroke([1, 5, 3], { min: [0, 5, 3], smooth: [1, 3, 3] }))];
    const [whole, behind, before] = [sheet(), sheet(), sheet()];
    drawAll(whole.ctx, drawn, look());
    drawBehind(behind.ctx, drawn, look());
    drawLines(before.ctx, drawn, look());
    const marks = (said: string[]): string[] => said.filter((one) => /^(moveTo|lineTo|fill|stroke|fillRect) /.test(one));
    expect([...marks(behind.said), ...marks(before.said)]).toEqual(marks(whole.said));
    expect(marks(before.said)).toContain("lineTo 10 70 @1");
  });
});

describe("what is under the pointer", () => {
  it("is each line's own nearest point, from the highest value to the lowest", () => {
    const drawn = [drawnOf("low", stroke([1, 1, 1])), drawnOf("high", stroke([5, 5], { x: [0, 4] })), drawnOf("far", stroke([9], { x: [80] }))];
    const told = tell(readings(drawn, PIXELS, 11, 0), PIXELS, 11, "step", String, true);
    expect(told?.place).toBe("step 1");
    expect(told?.rows.map((one) => [one.label, one.words, one.more])).toEqual([
      ["high", "5", "at step 0"],
      ["low", "1", ""],
    ]);
  });

  it("is smoothed and as it is, with the least and the greatest of the places near", () => {
    const one = stroke([1, 2, 3], { smooth: [1.5, 1.6, 1.7], max: [1, 50, 3] });
    const told = tell(readings([drawnOf("a", one)], PIXELS, 10, 0), PIXELS, 10, "step", String, false);
    expect(told?.rows[0]).toMatchObject({ label: "", words: "1.6", more: "not smoothed 2, 2 … 50" });
  });

  it("is of a group its mean, how far runs lie apart, their ends and how many they are", () => {
    const group = groupStroke({
      name: "loss",
      values: [0.1],
      runs: ["a", "b"],
      axis: "step",
      stamp: 1,
      x: [0],
      smoothing: "",
      points: 2,
      mean: [2],
      raw: [2],
      std: [0.5],
      min: [1],
      max: [3],
      count: [2],
    });
    expect([group.min, group.max]).toEqual([[1.5], [2.5]]);
    const told = tell(readings([drawnOf("0.1", group)], PIXELS, 0, 0), PIXELS, 0, "step", String, true);
    expect(told?.rows[0]).toMatchObject({ words: "2 ± 0.5", more: "1 … 3, 2 runs" });
  });

  it("is of a place itself halfway to the next one, and of all places that share its pixels", () => {
    const far = [drawnOf("a", stroke([1, 5], { min: [0, 4], max: [2, 6] }))];
    expect(readings(far, PIXELS, 5.1, 0)[0]?.extent).toEqual([4, 6]);
    expect(readings(far, PIXELS, 4.9, 0)[0]?.extent).toEqual([0, 2]);
    const near = [drawnOf("a", stroke([1, 5, 3], { x: [0, 0.1, 0.2] }))];
    expect(readings(near, PIXELS, 1, 0)[0]?.extent).toEqual([1, 5]);
  });

  it("is at most twelve lines, and says how many more there are", () => {
    const drawn = Array.from({ length: 15 }, (_, at) => drawnOf(`#${at}`, stroke([at])));
    const told = tell(readings(drawn, PIXELS, 0, 100), PIXELS, 0, "step", String, true);
    expect([told?.rows.length, told?.rest, told?.rows[0]?.label]).toEqual([12, 3, "#11"]);
  });
});

describe("an average of places", () => {
  const each = (mean: (number | null)[]) => ({ mean, count: mean.map(() => 1) });
  const places = each([1, 5, 3, null, 9]);

  it("fades as that of points, where each is a point", () => {
    let [sum, share] = [0, 0];
    const wanted = places.mean.map((mean) => {
      if (mean === null) return null;
      [sum, share] = [0.6 * sum + 0.4 * mean, 0.6 * share + 0.4];
      return sum / share;
    });
    averaged(places, "ema:0.6").forEach((one, at) => (wanted[at] === null ? expect(one).toBeNull() : expect(one).toBeCloseTo(wanted[at] ?? 0, 12)));
  });

  it("is of the points around where a running mean or a bell is asked for", () => {
    expect(averaged(places, "mean:2")[1]).toBe(3);
    const bell = averaged(each([0, 0, 1, 0, 0]), "gauss:1");
    const weights = [-2, -1, 0, 1, 2].map((away) => Math.exp(-0.5 * away ** 2));
    expect(bell[2]).toBeCloseTo(1 / weights.reduce((sum, one) => sum + one, 0), 12);
  });

  it("counts a place as often as it has points, and where a place has more than the average reaches it is that alone", () => {
    const [mean, count] = [
      [2, 8],
      [30, 10],
    ];
    expect(averaged({ mean, count }, "mean:20")).toEqual([(2 * 30 + 8 * 10) / 40, (2 * 30 + 8 * 10) / 40]);
    expect(averaged({ mean, count }, "mean:10")).toEqual([2, 8]);
    expect(averaged({ mean, count }, "gauss:1")).toEqual([2, 8]);
  });

  it("is told to be one of places", () => {
    const one = smoothed(stroke([1, 5]), "mean:10");
    expect([one.smooth, one.isRough]).toEqual([[3, 3], true]);
    expect(smoothed(one, "")).toMatchObject({ smooth: null, isRough: false });
    expect(tell(readings([drawnOf("a", one)], PIXELS, 0, 0), PIXELS, 0, "step", String, true)?.rows[0]?.words).toBe("≈ 3");
    expect(csv([lineOf("a", one)])).toMatch(/\na,1,0,1,1,1,,/);
  });

  it("is of a group that of its mean, with as many points of each run at a place as there are", () => {
    const values = Array.from({ length: 40 }, (_, at) => Math.sin(at / 3) + (at % 3));
    const same = { name: "loss", values: ["a"], runs: ["x", "y"], axis: "step" as const, stamp: 1, smoothing: "", std: [], min: [], max: [] };
    const numbers = { x: values.map((_, at) => at), mean: values, raw: values, count: values.map(() => 2) };
    const [one, ten] = [1, 10].map((each) => groupStroke({ ...same, ...numbers, points: 80 * each }));
    for (const word of ["ema:0.8", "gauss:30", "mean:20"]) {
      expect(smoothed(one as Stroke, word).smooth).toEqual(averaged({ mean: values, count: values.map(() => 1) }, word));
    }
    const known = averaged({ mean: values, count: values.map(() => 10) }, "ema:0.8");
    smoothed(ten as Stroke, "ema:0.8").smooth?.forEach((value, at) => expect(value).toBeCloseTo(known[at] ?? 0, 12));
    expect(smoothed(ten as Stroke, "mean:20").smooth?.[5]).toBeCloseTo(((values[4] ?? 0) + (values[5] ?? 0) + (values[6] ?? 0)) / 3, 12);
  });

  it("is of a group the server's with what it is of behind it, and that of places until it is there", () => {
    const same = { name: "loss", values: ["a"], runs: ["x"], axis: "step" as const, stamp: 1, x: [0, 1], std: [null, null], count: [1, 1], points: 2 };
    const told = { ...same, smoothing: "mean:10", mean: [3.1, 3.2], raw: [1, 5], min: [3.1, 3.2], max: [3.1, 3.2] };
    expect(groupStroke(told, "mean:10")).toMatchObject({ mean: [1, 5], smooth: [3.1, 3.2], isRough: false });
    expect(groupStroke(told, "mean:20")).toMatchObject({ mean: [1, 5], smooth: [3, 3], isRough: true });
    expect(groupStroke(told, "")).toMatchObject({ mean: [1, 5], smooth: null, isRough: false });
  });
});

describe("lines", () => {
  it("are told apart by ten colours, and then by dashes", () => {
    const looks = Array.from({ length: 40 }, (_, at) => JSON.stringify(paintOf(at)));
    expect(new Set(looks).size).toBe(40);
    expect(paintOf(HUES).token).toBe(paintOf(0).token);
  });

  it("with a point each are bars around 0, the greatest on top", () => {
    const lines = [lineOf("a", stroke([1])), lineOf("b", stroke([-1])), lineOf("c", stroke([3])), lineOf("nan", stroke([null]))];
    expect(isOnce(lines)).toBe(true);
    expect(isOnce([...lines, lineOf("d", stroke([1, 2]))])).toBe(false);
    expect(barsOf(lines).map(({ line, left, width }) => [line.key, left, width])).toEqual([
      ["c", 25, 75],
      ["a", 25, 25],
      ["b", 0, 25],
    ]);
  });

  it("of groups stand in the order of their values, each with its runs, and a text is no number", () => {
    const group = (value: unknown, runs: string[]) => ({ ...{ name: "loss", values: [value], runs, axis: "step" as const, stamp: 1 }, ...NO_PLACES });
    const names = namesOfGroups([group(null, ["a"]), group(10, ["b", "c"]), group("10", ["d"]), group(9, ["e"])]);
    expect(names.map((one) => one.label)).toEqual(["9 (1 run)", "10 (2 runs)", "10 (1 run)", "no value (1 run)"]);
    expect(new Set(names.map((one) => one.key)).size).toBe(4);
    expect(new Set(names.map((one) => one.paint.token)).size).toBe(4);
  });

  it("of a run among groups is that of its group, or its own", () => {
    const group = (value: string, runs: string[]) => ({ ...{ name: "loss", values: [value], runs, axis: "step" as const, stamp: 1 }, ...NO_PLACES });
    const names = [...namesOfGroups([group("a", ["x", "y"]), group("b", ["z"])]), ...namesBeside([{ id: "y", label: "#2 (baseline)" }])];
    expect(["x", "y", "z", "other"].map((run) => paintAmong(names, run))).toEqual([paintOf(0), BESIDE, paintOf(1), null]);
  });

  it("are coloured by a text: a hue for each, and none where it is not known", () => {
    const tints = tintsOf({ name: "tags.opt", isNumber: false, values: ["sgd", "adam", null, "sgd"] });
    expect([0, 1, 2, 3].map((at) => tints.paint(at))).toEqual([paintOf(1), paintOf(0), UNKNOWN, paintOf(1)]);
    expect([tints.words(0), tints.words(2), tints.scale]).toEqual(["sgd", "no value", null]);
    const names = namesOfRuns([{ id: "a", label: "#1" }], tints);
    expect(names[0]).toEqual({ key: "a", label: "#1 · sgd", paint: paintOf(1) });
  });

  it("are coloured by a number along a scale, by its power where it goes far", () => {
    const near = tintsOf({ name: "params.depth", isNumber: true, values: [1, 2, 3, null] });
    expect([0, 1, 2, 3].map((at) => near.paint(at))).toEqual([shadeOf(0), shadeOf(0.5), shadeOf(1), UNKNOWN]);
    expect(near.scale).toEqual({ low: 1, high: 3, isLog: false });
    const far = tintsOf({ name: "params.lr", isNumber: true, values: [0.001, 0.01, 0.1] });
    expect([0, 1, 2].map((at) => far.paint(at))).toEqual([shadeOf(0), shadeOf(0.5), shadeOf(1)]);
    expect(far.scale?.isLog).toBe(true);
    expect(tintsOf({ name: "params.lr", isNumber: true, values: [1, 1] }).paint(0)).toEqual(shadeOf(0));
    expect(tintsOf({ name: "params.lr", isNumber: true, values: [-100, 0, 1] }).scale?.isLog).toBe(false);
  });

  it("of groups are called by their values", () => {
    expect(groupName([0.1, null, "adam"])).toBe("0.1, no value, adam");
  });
});

describe("files", () => {
  it("have a row for each place, and nothing that a spreadsheet would run", () => {
    const text = csv([
      lineOf(
        '=cmd("x")',
        stroke([1.5, null], {
          odd: [
            [0, 0, 0],
            [1, 0, 0],
          ],
        }),
      ),
    ]);
    expect(text.split("\r\n")).toEqual([
      "line,part,x,mean,min,max,smoothed,std,nan,inf,minus inf",
      `"'=cmd(""x"")",1,0,1.5,1.5,1.5,,,0,0,0`,
      `"'=cmd(""x"")",1,1,,,,,,1,0,0`,
      "",
    ]);
    expect(fileName("../a b/ç", "png")).toBe(".._a_b_.png");
  });
});
