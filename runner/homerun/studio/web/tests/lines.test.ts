import { describe, expect, it } from "vitest";
import { Lines } from "../src/table/lines";
import type { GroupRow } from "../src/types";

const group = (value: string, first: number, count: number, depth = 0): GroupRow => ({ value, first, count, depth }) as GroupRow;
const GROUPS = [group("a", 0, 2), group("b", 2, 1), group("c", 3, 3)];

describe("the lines of a table", () => {
  it("are its rows where there are no groups", () => {
    const lines = new Lines(5, null, new Set());
    expect([lines.count, lines.at(3), lines.of(9)]).toEqual([5, { row: 3 }, 4]);
  });

  it("have a heading above each group", () => {
    const lines = new Lines(6, GROUPS, new Set());
    expect(lines.count).toBe(9);
    const shown = Array.from({ length: 9 }, (_, at) => lines.at(at)).map((one) => ("row" in one ? one.row : one.group.value));
    expect(shown).toEqual(["a", 0, 1, "b", 2, "c", 3, 4, 5]);
  });

  it("leave out the rows of a closed group, whose heading stands for them", () => {
    const lines = new Lines(6, GROUPS, new Set(['["a"]']));
    expect(lines.count).toBe(7);
    expect([lines.of(0), lines.of(1), lines.of(2), lines.of(5)]).toEqual([0, 0, 2, 6]);
  });

  it("end with the runs of all groups that are not told, so that each run has a line", () => {
    const lines = new Lines(8, GROUPS, new Set());
    expect(lines.count).toBe(12);
    expect(lines.at(9)).toMatchObject({ key: "rest", group: { value: "further groups", count: 2, first: 6 } });
    expect([lines.at(10), lines.at(11), lines.of(7)]).toEqual([{ row: 6 }, { row: 7 }, 11]);
    const folded = new Lines(8, GROUPS, new Set(["rest"]));
    expect([folded.count, folded.of(7)]).toEqual([10, 9]);
  });

  it("lead from each row to its line and back", () => {
    const lines = new Lines(6, GROUPS, new Set());
    for (let row = 0; row < 6; row += 1) expect(lines.at(lines.of(row))).toEqual({ row });
  });

  const NESTED = [group("a", 0, 3), group("x", 0, 1, 1), group("y", 1, 2, 1), group("b", 3, 1), group("x", 3, 1, 1)];

  it("have headings within headings, and fold all that is below one", () => {
    const lines = new Lines(4, NESTED, new Set());
    const shown = Array.from({ length: lines.count }, (_, at) => lines.at(at)).map((one) => ("row" in one ? one.row : one.group.value));
    expect(shown).toEqual(["a", "x", 0, "y", 1, 2, "b", "x", 3]);
    for (let row = 0; row < 4; row += 1) expect(lines.at(lines.of(row))).toEqual({ row });
    const folded = new Lines(4, NESTED, new Set(['["a"]', '["b","x"]']));
    expect([folded.count, folded.of(1), folded.of(3)]).toEqual([3, 0, 2]);
  });
});

it("A group of the text 1 is folded without that of the number 1", () => {
  const groups = [{ ...group("1", 0, 1), value: 1 }, group("1", 1, 1)];
  const lines = new Lines(2, groups, new Set(['["1"]']));
  expect([lines.count, lines.at(1)]).toEqual([3, { row: 0 }]);
});
