import { describe, expect, it } from "vitest";
import type { LogLine } from "../src/log/text";
import { piecesOf, Rows } from "../src/log/wrap";

const lines = (...texts: string[]): LogLine[] => texts.map((text, at) => ({ text, at, number: at + 1 }));
const ALL = lines("abcdefghij", "", "abc", "\x1b[31mabcde\x1b[0mfgh");

describe("the rows of a log", () => {
  it("are its lines where these are not wrapped", () => {
    const rows = new Rows(ALL, 0, true);
    expect([rows.count, rows.of(2), rows.at(3)]).toEqual([4, 2, { line: 3, part: 0 }]);
  });

  it("are as many for a line as it needs, colours not counted", () => {
    const rows = new Rows(ALL, 4, true);
    expect([0, 1, 2, 3].map((line) => rows.of(line))).toEqual([0, 3, 4, 5]);
    expect(rows.count).toBe(7);
    expect(Array.from({ length: 7 }, (_, row) => rows.at(row)).map(({ line, part }) => `${line}.${part}`)).toEqual([
      "0.0",
      "0.1",
      "0.2",
      "1.0",
      "2.0",
      "3.0",
      "3.1",
    ]);
  });

  it("are together the whole line, with its colours", () => {
    const rows = new Rows(ALL, 4, true);
    expect(rows.cut(piecesOf(ALL[3]?.text ?? ""), 1)).toEqual([
      { text: "e", look: "ansi-1" },
      { text: "fgh", look: "" },
    ]);
    const whole = [0, 1, 2].flatMap((part) => rows.cut(piecesOf(ALL[0]?.text ?? ""), part)).map((one) => one.text);
    expect(whole).toEqual(["abcd", "efgh", "ij"]);
  });

  it("count what is drawn over itself once where it is folded", () => {
    const bar = lines("10 %\r50 %\r100 %");
    expect([new Rows(bar, 5, true).count, new Rows(bar, 5, false).count]).toEqual([1, 3]);
  });
});
