import { describe, expect, it } from "vitest";
import { fold, pieces, plain } from "../src/log/ansi";

const E = "\x1b[";

describe("a line of a terminal", () => {
  it("without escapes is one piece", () => expect(pieces("plain ✓")).toEqual([{ text: "plain ✓", look: "" }]));

  it("is cut where its colour changes", () => {
    expect(pieces(`${E}31mERROR${E}0m all ${E}1;32mgood${E}m end`)).toEqual([
      { text: "ERROR", look: "ansi-1" },
      { text: " all ", look: "" },
      { text: "good", look: "ansi-2 is-bold" },
      { text: " end", look: "" },
    ]);
  });

  it.each([
    [`${E}38;5;196mx`, "rgb(255,0,0)"],
    [`${E}38;5;232mx`, "rgb(8,8,8)"],
    [`${E}38;2;1;2;300mx`, "rgb(1,2,44)"],
  ])("%j has a colour of its own", (line, colour) => expect(pieces(line)[0]?.colour ?? "").toBe(colour));

  it("is not coloured by the background that a number names", () => expect(pieces(`${E}48;5;31mx`)).toEqual([{ text: "x", look: "" }]));

  it("loses each escape, whole or cut short", () => {
    expect(plain(`a${E}2Kb\x1b]8;;http://x\x07link\x1b]8;;\x1b\\c\x07${E}1`)).toBe("ablinkc1");
  });

  it("shows what was written last over it", () => {
    expect([fold("10 %\r50 %\r100 %"), fold("100 %\r"), fold("\r\r"), fold("none")]).toEqual(["100 %", "100 %", "", "none"]);
  });
});
