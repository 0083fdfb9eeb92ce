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

  it("as text where it is short, and else by its size: a table has a tab of its own", () => {
    const columns = { digit: [...Array(10).keys()], recall: Array(10).fill(0.987) };
    const rows = [
      { section: "metrics", name: "per digit", values: [columns, { digit: 1 }], differs: true, is_most: null },
      { section: "metrics", name: "sizes", values: [Array(40).fill(1), [1, 2]], differs: true, is_most: null },
      { section: "params", name: "layers", values: [Array(40).fill(1), null], differs: true, is_most: null },
    ];
    const matrix = {
      schema_type: "confusion_matrix",
      data: {
        class_labels: ["no", "yes"],
        matrix: [
          [1000, 20],
          [30, 400],
        ],
      },
    };
    rows.push({ section: "metrics", name: "matrix", values: [matrix, null], differs: true, is_most: null } as never);
    const found = linesOf({ rows } as unknown as CompareAnswer, false);
    const texts = Object.fromEntries(found.map((one) => [one.name, one.texts]));
    expect(texts["per digit"]).toEqual(["table of 10 rows", '{"digit":1}']);
    expect(texts.sizes).toEqual(["list of 40 values", "[1,2]"]);
    expect(texts.layers?.[0]).toBe(`[${Array(40).fill(1).join()}]`);
    expect(texts.matrix?.[0]).toBe(JSON.stringify(matrix));
    expect(found.filter((one) => one.isTable).map((one) => one.name)).toEqual(["per digit"]);
  });

  it("with all its digits in the table of a chart, where measures are rounded", () => {
    render(h(AsTable, { title: "t", written: (head: string) => head, heads: ["params.seed", "metrics.loss"], rows: [[SEED, 0.123456789]] }), document.body);
    expect(cells()).toEqual(["1234567890", "0.12346"]);
  });
});

it("The condition for a parameter compares with the text that the store keeps of it", () => {
  expect(conditionOf("params.sizes", [64, 32])).toBe('params.sizes = "64, 32"');
  expect(conditionOf("params.flags", [true, "a"])).toBe('params.flags = "true, a"');
  expect(conditionOf("params.seed", SEED)).toBe("params.seed = 1234567890");
  expect(conditionOf("tags.best", null)).toBe("tags.best");
});
