/** What a run logged: tiles, charts that move, images, tables. */

import { useMemo, useState } from "preact/hooks";
import { Charts } from "../../chart/charts";
import { matcher } from "../../chart/model";
import { figure, plural } from "../../format";
import { place, runHref } from "../../route";
import { get } from "../../server/api";
import { useLive } from "../../server/live";
import type { MetricRow, RunRow } from "../../types";
import { Empty, Failure, Waiting } from "../../ui/basics";
import { useLoaded, useNews } from "../../use";
import type { TabProps } from "./tab";
import { Values } from "./values";

interface Known {
  data: MetricRow[] | null;
  error: Error | null;
  reload: () => void;
  /** Counts up when there are new points. */
  round: number;
}

export function useMetrics(run: RunRow): Known {
  const loaded = useLoaded((abort) => get("runs/{id}/metrics", { id: run.id }, abort), [run.id]);
  const [news, tell] = useNews<MetricRow>(loaded);
  const [round, setRound] = useState(0);
  useLive({ topics: [`run:${run.id}`] }, ({ event, data }) => {
    if (event === "reset") return loaded.reload();
    if (event !== "metrics" || data.id !== run.id) return;
    tell(data.metrics.map((one) => [one.name, one]));
    setRound((value) => value + 1);
  });
  const data = useMemo(() => {
    if (!loaded.data) return null;
    const all = new Map(loaded.data.metrics.map((one) => [one.name, one]));
    for (const [name, one] of news) all.set(name, one);
    return [...all.values()];
  }, [loaded.data, news]);
  return { data, error: loaded.error, reload: loaded.reload, round };
}

/** One number is a tile; more are a curve. */
export const isCurve = (metric: MetricRow): boolean => metric.count > 1;

export function MetricTiles({ metrics }: { metrics: MetricRow[] }) {
  if (!metrics.length) return null;
  return (
    <dl class="tiles">
      {metrics.map((one) => (
        <div key={one.name} title={`min ${figure(one.min)}, max ${figure(one.max)}, ${plural(one.count, "point")}`}>
          <dt>{one.name}</dt>
          <dd>{figure(one.last)}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Metrics({ run }: TabProps) {
  const known = useMetrics(run);
  const [shown, setShown] = useState("");
  const find = place.value.query.get("metrics") ?? "";
  if (!known.data) return known.error ? <Failure error={known.error} retry={known.reload} /> : <Waiting what="the metrics" />;
  if (!known.data.length) {
    return (
      <Empty title="No metrics yet">
        <p>Numbers that the script logs appear here while it runs:</p>
        <pre>run.log("loss", 0.25)</pre>
      </Empty>
    );
  }
  const matches = matcher(find);
  const numbers = known.data.filter((one) => one.kind === "number");
  const curves = numbers.filter(isCurve).map((one) => one.name);
  const others = known.data.filter((one) => one.kind !== "number" && matches(one.name));
  const metric = known.data.find((one) => one.name === shown);
  return (
    <div class="metrics">
      <MetricTiles metrics={numbers.filter((one) => !isCurve(one) && matches(one.name))} />
      <Charts runs={[{ id: run.id, label: `#${run.number}` }]} names={curves} round={known.round} values={setShown} />
      {others.length > 0 && (
        <p>
          <a href={runHref(run.id, "media")}>{plural(others.length, "image, table or document", "images, tables and documents")}</a>
        </p>
      )}
      {metric && <Values run={run} metric={metric} close={() => setShown("")} />}
    </div>
  );
}
