/** What a run did and when: it waited, it was prepared, it was tried once or several times. */

import type { AttemptRow, OutcomeRow, RunRow } from "../../../types";

export interface Phase {
  what: string;
  kind: "waiting" | "running" | "done" | "bad";
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  /** How it ended, in words. */
  end: string;
}

type Ending = Pick<OutcomeRow, "exit_code" | "signal" | "cause">;
type Times = Pick<RunRow, "created" | "started" | "ended" | "status">;

/**
 * @param now in milliseconds since 1970: what goes on ends there
 * @param outcome how the run ended, which of a single attempt alone is told
 */
export function phasesOf(run: Times, attempts: readonly AttemptRow[], now: number, outcome: Ending = {}): Phase[] {
  if (!run.created) return [];
  const created = Date.parse(run.created);
  const ended = run.ended ? Date.parse(run.ended) : now;
  const starts = attempts.length > 1 ? attempts : [{ ...outcome, ...attempts[0], start_time_utc: attempts[0]?.start_time_utc ?? run.started ?? "" }];
  const first = Date.parse(starts[0]?.start_time_utc ?? "");
  if (Number.isNaN(first)) return [{ what: "Waited", kind: run.ended ? "bad" : "waiting", from: created, to: ended, end: run.ended ? "never started" : "" }];
  const found: Phase[] = [{ what: "Waited", kind: "waiting", from: created, to: first, end: "" }];
  starts.forEach((one, at) => {
    const isLast = at === starts.length - 1;
    const from = Date.parse(one.start_time_utc ?? "");
    const next = Date.parse(starts[at + 1]?.start_time_utc ?? "");
    const to = one.end_time_utc ? Date.parse(one.end_time_utc) : isLast ? ended : next;
    if (Number.isNaN(from) || Number.isNaN(to)) return;
    const kind = !isLast ? "bad" : !run.ended ? "running" : run.status === "Completed" ? "done" : "bad";
    found.push({ what: starts.length > 1 ? `Attempt ${one.attempt ?? at + 1}` : "Ran", kind, from, to, end: isLast && !run.ended ? "" : endOf(one) });
    if (!isLast && next > to) found.push({ what: "Waited", kind: "waiting", from: to, to: next, end: "" });
  });
  return found;
}

function endOf({ exit_code: code, signal, cause }: Ending): string {
  if (signal) return signal;
  if (code) return `exit code ${code}`;
  return cause && typeof code !== "number" ? cause.replaceAll("_", " ") : "";
}
