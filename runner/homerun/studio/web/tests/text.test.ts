import { beforeEach, describe, expect, it, vi } from "vitest";
import { LogText, linesOf } from "../src/log/text";
import { get } from "../src/server/api";
import type { LogPiece } from "../src/types";

vi.mock("../src/server/api", () => ({ get: vi.fn() }));

const WHOLE = "first\nsecond ü\nthird\nfourth\n";
const bytes = new TextEncoder().encode(WHOLE);
const ask = vi.mocked(get);

/** A piece of the log from a byte to another, as the server gives it. */
function piece(from: number, to: number, line: number | null = null): LogPiece {
  const text = new TextDecoder().decode(bytes.slice(from, to));
  return { name: "log", size: bytes.length, from, to, text, line, cut_start: false, cut_end: false, counted: { bytes: 0, lines: 0 }, is_live: true };
}

const shown = (text: LogText): [string, number, number | null][] => text.lines.map((one) => [one.text, one.at, one.number]);

beforeEach(() => ask.mockReset());

describe("the loaded part of a log", () => {
  it("knows at which byte each line begins, whatever its letters", () => {
    expect(linesOf(piece(0, bytes.length, 1)).map((one) => [one.at, one.number])).toEqual([
      [0, 1],
      [6, 2],
      [16, 3],
      [22, 4],
    ]);
    expect(linesOf({ ...piece(0, 6), text: "ends\r\n" })[0]?.text).toBe("ends");
  });

  it("begins somewhere with lines above it, and grows up and down, numbers and all", async () => {
    const text = new LogText("run", "log");
    ask.mockResolvedValueOnce(piece(16, 22, 3)).mockResolvedValueOnce(piece(6, 16));
    expect(await text.jump({ at: 16 })).toBe(1);
    ask.mockResolvedValueOnce(piece(0, 6));
    await text.above();
    ask.mockResolvedValueOnce(piece(22, 29));
    await text.below();
    expect(shown(text)).toEqual([
      ["first", 0, 1],
      ["second ü", 6, 2],
      ["third", 16, 3],
      ["fourth", 22, 4],
    ]);
    expect([text.isAtStart, text.isAtEnd]).toEqual([true, true]);
  });

  it("puts a line together that was still being written", async () => {
    const text = new LogText("run", "log");
    ask.mockResolvedValueOnce({ ...piece(0, 3, 1), text: "fir", size: 3 });
    await text.jump({ end: true });
    text.grow(6, true);
    ask.mockResolvedValueOnce({ ...piece(0, 6), text: "first\n", size: 6 });
    await text.below();
    expect(shown(text)).toEqual([["first", 0, null]]);
  });

  it("is empty again where the log was cut short in between", async () => {
    const text = new LogText("run", "log");
    ask.mockResolvedValueOnce(piece(0, 16, 1));
    await text.jump({ end: true });
    ask.mockResolvedValueOnce({ ...piece(0, 0), size: 4 });
    await text.below();
    expect([text.lines, text.from, text.to]).toEqual([[], 0, 0]);
  });

  it("tells what went wrong, and goes on", async () => {
    const text = new LogText("run", "log");
    ask.mockRejectedValueOnce(new Error("no"));
    await text.jump({ end: true });
    expect([text.error.value?.message, text.isRead]).toEqual(["no", false]);
    ask.mockResolvedValueOnce(piece(0, 29, 1));
    await text.jump({ end: true });
    expect([text.error.value, text.lines.length]).toEqual([null, 4]);
  });
});
