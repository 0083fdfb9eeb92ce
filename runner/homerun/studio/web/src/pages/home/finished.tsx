/** What has finished: how good it is, against the best of the other runs. */

import { difference, figure, toNumber } from "../../format";
import { href } from "../../route";
import type { FinishedRow, FinishedRuns } from "../../types";
import { Ago, Took } from "../../ui/basics";
import { Band, RunName } from "./band";

export function FinishedBand({ finished }: { finished: FinishedRuns }) {
  return (
    <Band title="Finished" total={finished.total} shown={finished.runs.length} all={href(["runs"], { where: "status = Completed", sort: "-ended" })}>
      {finished.runs.length === 0 && <p class="dim">No run has finished so far.</p>}
      <ul class="rows">
        {finished.runs.map((one) => (
          <li key={one.run.id}>
            <div class="row-text">
              <div class="row-head">
                <RunName run={one.run} />
              </div>
              <div class="dim">
                <span>
                  <Took run={one.run} />
                </span>
                <Ago time={one.run.ended} />
              </div>
            </div>
            <Result one={one} />
            <div class="row-actions">
              {one.goal?.best && (
                <a
                  class="button is-plain"
                  href={href(["compare"], { ids: `${one.goal.best.run_id},${one.run.id}` })}
                  aria-label={`Compare run ${one.run.number} of ${one.run.experiment} with ${one.goal.is_best ? "the next best" : "the best"}`}
                >
                  Compare
                </a>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Band>
  );
}

function Result({ one: { run, goal } }: { one: FinishedRow }) {
  const value = toNumber(goal ? run.metrics[goal.metric]?.last : null);
  if (!goal || value === null) return null;
  const other = goal.best?.value ?? null;
  return (
    <div class="result">
      <span>
        {goal.is_best && <span class="badge is-good">▲ best</span>} <span class="dim">{goal.metric}</span> <b>{figure(value)}</b>
      </span>
      {other !== null && other !== value && (
        <span class="dim">
          {difference(value, other)} {goal.is_best ? "to the next" : "to the best"}
        </span>
      )}
    </div>
  );
}
