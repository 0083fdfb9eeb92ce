import { describe, expect, it } from "vitest";
import { phasesOf } from "../../src/pages/run/overview/timeline";

const at = (second: number): string => new Date(second * 1000).toISOString();
const shown = (...asked: Parameters<typeof phasesOf>): (string | number)[][] =>
  phasesOf(...asked).map(({ what, kind, from, to, end }) => [what, kind, from / 1000, to / 1000, end]);

describe("the timeline of a run", () => {
  it("begins with the waiting, and ends with how it ended", () => {
    const run = { created: at(10), started: at(15), ended: at(40), status: "Failed" as const };
    expect(shown(run, [], 0, { exit_code: 3, signal: null, cause: "exit_code" })).toEqual([
      ["Waited", "waiting", 10, 15, ""],
      ["Ran", "bad", 15, 40, "exit code 3"],
    ]);
  });

  it("goes on until now", () => {
    const run = { created: at(10), started: at(15), ended: null, status: "Running" as const };
    expect(shown(run, [], 100_000).at(-1)).toEqual(["Ran", "running", 15, 100, ""]);
    expect(shown({ ...run, started: null, status: "Queued" }, [], 100_000)).toEqual([["Waited", "waiting", 10, 100, ""]]);
  });

  it("has each attempt, and the waiting between them", () => {
    const run = { created: at(0), started: at(1), ended: at(9), status: "Completed" as const };
    const attempts = [
      { attempt: 1, start_time_utc: at(1), end_time_utc: at(4), signal: "SIGKILL" },
      { attempt: 2, start_time_utc: at(6), end_time_utc: at(9), exit_code: 0 },
    ];
    expect(shown(run, attempts, 0)).toEqual([
      ["Waited", "waiting", 0, 1, ""],
      ["Attempt 1", "bad", 1, 4, "SIGKILL"],
      ["Waited", "waiting", 4, 6, ""],
      ["Attempt 2", "done", 6, 9, ""],
    ]);
  });

  it("says of a run that never started that it only waited", () => {
    expect(shown({ created: at(0), started: null, ended: at(5), status: "Canceled" }, [], 0)).toEqual([["Waited", "bad", 0, 5, "never started"]]);
    expect(phasesOf({ created: null, started: null, ended: null, status: "NotStarted" }, [], 0)).toEqual([]);
  });
});
