import { describe, expect, it } from "vitest";
import {
  ago,
  bytes,
  count,
  duration,
  figure,
  figures,
  instant,
  joinWords,
  memory,
  moment,
  now,
  plural,
  shortParameter,
  splitWords,
  toNumber,
  took,
} from "../src/format";

describe("a duration", () => {
  it.each([
    [0, "0 s"],
    [0.25, "0.25 s"],
    [1.25, "1.3 s"],
    [59.6, "1 min 00 s"],
    [61, "1 min 01 s"],
    [3600, "1 h 00 min"],
    [90_000, "1 d 1 h"],
  ])("%d seconds are %s", (seconds, words) => expect(duration(seconds)).toBe(words));

  it("that is not known is not shown", () => {
    expect([null, undefined, Number.NaN, Number.POSITIVE_INFINITY].map(duration)).toEqual(["", "", "", ""]);
  });
});

describe("a figure", () => {
  it.each([
    [0, "0"],
    [12_260_000, "12260000"],
    [1e-10, "1.000e-10"],
    [1e30, "1.000e+30"],
    [0.047, "0.047"],
    [-1234.5678, "-1234.6"],
  ])("%d is written %s", (value, text) => expect(figure(value)).toBe(text));

  it("is a word where the number is none", () => {
    expect([figure("NaN"), figure(null), figure(true)]).toEqual(["NaN", "", "true"]);
    expect([toNumber("NaN"), toNumber("-Infinity"), toNumber(null)]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY, null]);
  });

  it("has as many digits as tell it from the next", () => {
    expect(figures([1.000001, 1.000002])).toEqual(["1.000001", "1.000002"]);
    expect(figures([0.5, 0.5, null])).toEqual(["0.5", "0.5", ""]);
  });
});

describe("a size", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1024, "1.0 KB"],
    [1_048_576, "1.0 MB"],
    [338_690_048, "323 MB"],
  ])("%d bytes are %s", (value, text) => expect(bytes(value)).toBe(text));

  it("of memory comes in KiB", () => expect([memory(null), memory(2048)]).toEqual(["", "2.0 MB"]));
});

describe("a time", () => {
  it("that is not known is not shown", () => expect([ago(null), moment(null)]).toEqual(["", ""]));

  it("in the future is now", () => expect(ago(new Date(Date.now() + 60_000).toISOString())).toBe("0 s ago"));

  it("of a point has its milliseconds", () => expect(instant(1_700_000_000.125)).toContain(".125"));
});

describe("the duration of a run", () => {
  it("is what the server says of a run that has ended", () => {
    expect(took({ duration_s: 3, status: "Completed", started: null })).toBe(3);
    expect(took({ duration_s: null, status: "Failed", started: "2026-01-01T00:00:00Z" })).toBeNull();
  });

  it("goes on while it runs, and is never below zero", () => {
    const later = new Date(Date.now() + 60_000).toISOString();
    expect(took({ duration_s: null, status: "Running", started: later })).toBe(0);
    expect(took({ duration_s: null, status: "Queued", started: null })).toBeNull();
  });
});

it("a run has not taken longer than it is there", () => {
  const begun = new Date(now.value - 4800).toISOString();
  expect(took({ duration_s: null, status: "Running", started: begun })).toBe(4);
  expect(ago(begun)).toBe("4 s ago");
});

describe("a command line", () => {
  it.each([
    ["--lr 0.1  --name 'two words'", ["--lr", "0.1", "--name", "two words"]],
    ['"a \\"quote\\"" \\ b', ['a "quote"', " b"]],
    ["''", [""]],
    ["  ", []],
    ["a'b'\"c\"", ["abc"]],
    ['"a\\b"', ["a\\b"]],
  ])("%s is split as a shell does", (text, words) => expect(splitWords(text)).toEqual(words));

  it.each([[["it's", "a b", "", "$HOME", "--x=1"]], [["\n", "a\\b", '"']]])("is split into what it was joined from: %j", (words) =>
    expect(splitWords(joinWords(words))).toEqual(words),
  );
});

it("counts have commas, and one is not a plural", () => {
  expect([count(99_950), plural(1, "run"), plural(2, "run"), plural(0, "child", "children")]).toEqual(["99,950", "1 run", "2 runs", "0 children"]);
});

it("a parameter in a column has the digits there is room for", () => {
  expect([0.1 / 3, 0.1, 1e-5, 2_000_000_001, 1.23456789e-7, "0.1234567890", null].map(shortParameter)).toEqual([
    "0.033333",
    "0.1",
    "0.00001",
    "2000000001",
    "1.2346e-7",
    "0.1234567890",
    "",
  ]);
});
