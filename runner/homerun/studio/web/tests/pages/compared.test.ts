// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { sameWords } from "../../src/pages/compare/code";
import { linesOf } from "../../src/pages/compare/differences";
import { joinedBy, keysOf, shotAt, shotsOf } from "../../src/pages/compare/joined";
import { byName } from "../../src/pages/compare/logged";
import type { ComparedRow, MetricRow, RunRow } from "../../src/types";

it("Tables are joined by what all of them have, first by what tells their rows apart", () => {
  const one = {
    label: "#1",
    columns: [
      ["kind", ["a", "a"]],
      ["digit", [0, 1]],
      ["recall", [0.5, 0.6]],
    ] as [string, unknown[]][],
  };
  const other = {
    label: "#2",
    columns: [
      ["digit", [1, 2]],
      ["kind", ["b", "b"]],
    ] as [string, unknown[]][],
  };
  expect(keysOf([one, other])).toEqual(["digit", "kind"]);
  expect(joinedBy("digit", [one, other])).toEqual([
    ["digit", [0, 1, 2]],
    ["kind, #1", ["a", "a", null]],
    ["kind, #2", [null, "b", "b"]],
    ["recall, #1", [0.5, 0.6, null]],
  ]);
});

it("No row is lost where a key comes several times, and 1 is not the text 1", () => {
  const one = {
    label: "#1",
    columns: [
      ["key", [1, 1, null]],
      ["value", ["x", "y", "z"]],
    ] as [string, unknown[]][],
  };
  const other = {
    label: "#2",
    columns: [
      ["key", ["1", 1]],
      ["value", ["p", "q"]],
    ] as [string, unknown[]][],
  };
  expect(joinedBy("key", [one, other])).toEqual([
    ["key", [1, 1, null, "1"]],
    ["value, #1", ["x", "y", "z", null]],
    ["value, #2", ["q", null, null, "p"]],
  ]);
});

it("Images stand at their steps where all have one, else at their numbers", () => {
  const stepped = [
    { file: "a", step: 100, number: 0 },
    { file: "b", step: 300, number: 1 },
    { file: "c", step: 300, number: 2 },
  ];
  const { isStepped, shots, places } = shotsOf([stepped, [{ file: "d", step: 200, number: 0 }]]);
  expect([isStepped, places]).toEqual([true, [100, 200, 300]]);
  expect(shots[0]).toEqual([
    { file: "a", at: 100 },
    { file: "c", at: 300 },
  ]);
  expect(shotAt(shots[0] ?? [], 200)).toEqual({ file: "a", at: 100 });
  expect(shotAt(shots[1] ?? [], 100)).toBeNull();
  expect(shotsOf([stepped, [{ file: "d", step: null, number: 0 }]]).places).toEqual([1, 2, 3]);
});

it("What most runs have logged stands first", () => {
  const metric = (name: string, kind: MetricRow["kind"]): MetricRow => ({
    name,
    kind,
    last: null,
    min: null,
    max: null,
    count: 1,
    last_step: null,
    last_time: null,
  });
  const run = (id: string): RunRow => ({ id }) as RunRow;
  const each = [
    { run: run("1"), metrics: [metric("b", "image"), metric("a", "image"), metric("loss", "number")] },
    { run: run("2"), metrics: [metric("b", "image"), metric("a", "table")] },
  ];
  expect([...byName(each, ["image"])].map(([name, of]) => [name, of.length])).toEqual([
    ["b", 2],
    ["a", 1],
  ]);
});

it("What runs took and used is written as the table of runs has it", () => {
  const row = (name: string, values: unknown[]): ComparedRow => ({ section: "run", name, values, differs: true, is_most: null });
  const lines = linesOf(
    { runs: [], gone: [], rows: [row("duration_s", [0.345, 62]), row("memory_kib", [14056, null]), row("cause", ["a", "b"])], more: false },
    false,
  );
  expect(lines.map((one) => [one.name, ...one.texts])).toEqual([
    ["cause", "a", "b"],
    ["Duration", "0.34 s", "1 min 02 s"],
    ["Memory", "14 MB", ""],
  ]);
});

it("Code that does not differ is the same, or not there: of which runs is said", () => {
  expect(sameWords([])).toBe("The code of these runs is the same.");
  expect(sameWords(["digits #1"])).toBe("There is no copy of the code of digits #1.");
  expect(sameWords(["digits #1", "digits #2"])).toBe("There is no copy of the code of digits #1 and of digits #2.");
});
