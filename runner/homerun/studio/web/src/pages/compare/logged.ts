/** What runs that are compared have logged beside numbers. */

import { get } from "../../server/api";
import type { MetricRow, RunRow } from "../../types";
import { type Loaded, useLoaded } from "../../use";

export interface LoggedBy {
  run: RunRow;
  metric: MetricRow;
}

type Kind = MetricRow["kind"];

export const labelOf = (run: RunRow): string => `${run.experiment} #${run.number}`;

/** By name the runs that have logged something of some kinds under it; what most have stands first. */
export function useLogged(runs: readonly RunRow[], kinds: readonly Kind[], round: number): Loaded<Map<string, LoggedBy[]>> {
  const ids = runs.map((run) => run.id);
  return useLoaded(
    async (abort) => {
      const each = await Promise.all(runs.map(async (run) => ({ run, metrics: (await get("runs/{id}/metrics", { id: run.id }, abort)).metrics })));
      return byName(each, kinds);
    },
    [ids.join()],
    [round],
  );
}

export function byName(each: readonly { run: RunRow; metrics: readonly MetricRow[] }[], kinds: readonly Kind[]): Map<string, LoggedBy[]> {
  const found = new Map<string, LoggedBy[]>();
  for (const { run, metrics } of each) {
    for (const metric of metrics) if (kinds.includes(metric.kind)) found.set(metric.name, [...(found.get(metric.name) ?? []), { run, metric }]);
  }
  return new Map([...found].sort(([one, of], [other, more]) => more.length - of.length || one.localeCompare(other)));
}
