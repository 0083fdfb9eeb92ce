import { describe, expect, it } from "vitest";
import { Lines } from "../src/table/lines";
import type { GroupRow } from "../src/types";

const group = (value: string, first: number, count: number): GroupRow => ({ value, first, count }) as GroupRow;
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
    const lines = new Lines(6, GROUPS, new Set(["a"]));
    expect(lines.count).toBe(7);
    expect([lines.of(0), lines.of(1), lines.of(2), lines.of(5)]).toEqual([0, 0, 2, 6]);
  });

  it("lead from each row to its line and back", () => {
    const lines = new Lines(6, GROUPS, new Set());
    for (let row = 0; row < 6; row += 1) expect(lines.at(lines.of(row))).toEqual({ row });
  });
});
