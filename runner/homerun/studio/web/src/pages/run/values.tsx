/** The points of a metric as they were logged, some at a time. */

import { useState } from "preact/hooks";
import { count, figure, instant } from "../../format";
import { get } from "../../server/api";
import type { MetricRow, RunRow } from "../../types";
import { Button, Failure } from "../../ui/basics";
import { Dialog } from "../../ui/dialog";
import { useLoaded } from "../../use";

const VALUES = 200;

interface ValuesProps {
  run: RunRow;
  metric: MetricRow;
  close: () => void;
}

export function Values({ run, metric, close }: ValuesProps) {
  const [skip, setSkip] = useState(Math.max(0, metric.count - VALUES));
  const loaded = useLoaded(
    async (abort) => {
      const answer = await get("runs/{id}/values", { id: run.id, name: metric.name, skip, limit: VALUES }, abort);
      return { ...answer, first: skip + 1 };
    },
    [],
    [skip],
  );
  const total = loaded.data?.total ?? metric.count;
  const first = loaded.data?.first ?? skip + 1;
  return (
    <Dialog title={metric.name} close={close} wide>
      {loaded.error && <Failure error={loaded.error} retry={loaded.reload} />}
      <div class="scrolled" tabIndex={0} role="region" aria-label="Values">
        <table class="plain is-lined">
          <thead>
            <tr>
              <th>Point</th>
              <th>Step</th>
              <th>Value</th>
              <th>Time</th>
            </tr>
          </thead>
          <tbody>
            {loaded.data?.values.map((one, at) => (
              <tr key={at}>
                <td>{count(first + at)}</td>
                <td>{one.step ?? ""}</td>
                <td>{typeof one.value === "object" ? <code>{JSON.stringify(one.value)}</code> : figure(one.value)}</td>
                <td>{instant(one.time)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="dialog-foot">
        <Button disabled={skip === 0} onClick={() => setSkip(Math.max(0, skip - VALUES))}>
          Previous
        </Button>
        <span class="dim">
          {count(first)} to {count(Math.min(total, first + VALUES - 1))} of {count(total)}
        </span>
        <Button disabled={skip + VALUES >= total} onClick={() => setSkip(skip + VALUES)}>
          Next
        </Button>
      </div>
    </Dialog>
  );
}
