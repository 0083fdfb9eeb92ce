// @vitest-environment happy-dom
import { h, render } from "preact";
import { describe, expect, it } from "vitest";
import { AsTable } from "../../src/analysis/table";
import { linesOf } from "../../src/pages/compare/differences";
import { conditionOf, Params } from "../../src/pages/run/overview/params";
import type { CompareAnswer, RunRow } from "../../src/types";

const SEED = 1_234_567_890;
const cells = (): (string | null)[] => [...document.querySelectorAll("td")].map((one) => one.textContent);

describe("a parameter is there to be copied", () => {
  it("with all its digits on the page of a run", () => {
    render(h(Params, { run: { experiment: "e", params: { seed: SEED, lr: 0.123456789, sizes: [64, 32] } } as unknown as RunRow }), document.body);
    expect(cells()).toEqual(["0.123456789", "1234567890", "[64,32]"]);
  });

  it("with all its digits among what differs, also where it does not", () => {
    const row = { section: "params", name: "seed", values: [SEED, SEED], differs: false, is_most: null };
    expect(linesOf({ rows: [row] } as unknown as CompareAnswer, true).map((one) => one.texts)).toEqual([["1234567890", "1234567890"]]);
  });

  it("with all its digits in the table of a chart, where measures are rounded", () => {
    render(h(AsTable, { title: "t", heads: ["params.seed", "metrics.loss"], rows: [[SEED, 0.123456789]] }), document.body);
    expect(cells()).toEqual(["1234567890", "0.12346"]);
  });
});

it("The condition for a parameter compares with the text that the store keeps of it", () => {
  expect(conditionOf("params.sizes", [64, 32])).toBe('params.sizes = "64, 32"');
  expect(conditionOf("params.flags", [true, "a"])).toBe('params.flags = "true, a"');
  expect(conditionOf("params.seed", SEED)).toBe("params.seed = 1234567890");
  expect(conditionOf("tags.best", null)).toBe("tags.best");
});
