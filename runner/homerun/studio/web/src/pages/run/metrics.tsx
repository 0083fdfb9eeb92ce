/** What a run logged: tiles, charts that move, images, tables. */

import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { Chart } from "../../chart/chart";
import { type Axis, type Curve, Curves, type Range } from "../../chart/curves";
import { oddOf, sayOdd } from "../../chart/strokes";
import { count, figure, plural } from "../../format";
import { runHref } from "../../route";
import { get } from "../../server/api";
import { useLive } from "../../server/live";
import type { MetricRow, RunRow } from "../../types";
import { Button, Empty, Failure, Switch, Waiting } from "../../ui/basics";
import { useLoaded, useNews, useRemembered, useSettled, useThrottled } from "../../use";
import type { TabProps } from "./tab";
import { Values } from "./values";

const PAGE = 24;
const WIDTH = 500;
const READ_MS = 800;
/** How long the smoothing stands still before that of all points is asked for. */
export const SETTLE_MS = 150;

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

interface ChartsProps {
  run: RunRow;
  metrics: MetricRow[];
  round: number;
  axis?: Axis;
  isLog?: boolean;
  smoothing?: number;
  /** They are what the run used of its machine. */
  isSystem?: boolean;
  /** How the values of a metric are written. */
  sayOf?: (name: string) => (value: unknown) => string;
  isSize?: (name: string) => boolean;
}

export function MetricCharts({
  run,
  metrics,
  round,
  axis,
  isLog = false,
  smoothing = 0,
  isSystem = false,
  sayOf = () => figure,
  isSize = () => false,
}: ChartsProps) {
  const names = metrics.map((one) => one.name);
  const used: Axis = axis ?? (metrics.every((one) => one.last_step !== null) ? "step" : "index");
  const curves = useMemo(() => new Curves([run.id], names, used, WIDTH, null, isSystem), [run.id, names.join("\n"), used]);
  const [version, setVersion] = useState(0);
  const [error, setError] = useState<Error | null>(null);
  const read = useThrottled(() => {
    curves.read().then(
      (isNew) => {
        setError(null);
        if (isNew) setVersion((value) => value + 1);
      },
      (failed: Error) => setError(failed),
    );
  }, READ_MS);
  const exact = useSettled(smoothing, SETTLE_MS);
  useEffect(() => {
    curves.smoothBy(exact);
    read();
  }, [curves, round, exact]);
  if (error && !version) return <Failure error={error} retry={read} />;
  return (
    <div class="charts">
      {metrics.map((one) => (
        <MetricChart
          key={one.name}
          run={run}
          metric={one}
          whole={curves.get(run.id, one.name)}
          axis={used}
          isLog={isLog}
          smoothing={smoothing}
          exact={exact}
          isSystem={isSystem}
          say={sayOf(one.name)}
          isSize={isSize(one.name)}
        />
      ))}
    </div>
  );
}

interface ChartProps {
  run: RunRow;
  metric: MetricRow;
  /** All of its points. */
  whole: Curve | undefined;
  axis: Axis;
  isLog: boolean;
  smoothing: number;
  /** The smoothing once it has settled. */
  exact: number;
  isSystem: boolean;
  say: (value: unknown) => string;
  isSize: boolean;
}

function MetricChart({ run, metric, whole, axis, isLog, smoothing, exact, isSystem, say, isSize }: ChartProps) {
  const [range, setRange] = useState<Range | null>(null);
  const [isValues, setValues] = useState(false);
  const near = useLoaded(
    async (abort) => {
      if (!range) return null;
      const part = new Curves([run.id], [metric.name], axis, WIDTH, range, isSystem);
      part.smoothBy(exact);
      await part.read(abort);
      return part.get(run.id, metric.name) ?? null;
    },
    [range, axis, exact],
  );
  useLayoutEffect(() => setRange(null), [axis]);
  const curve = (range && near.data) || whole;
  const odd = curve ? sayOdd(oddOf(curve)) : "";
  return (
    <figure class="card">
      <figcaption>
        <b title={metric.name}>{metric.name}</b>
        <span class="figure">{say(metric.last)}</span>
        {odd && <span class="dim">{odd}</span>}
        <span class="grow" />
        {range && (
          <Button kind="bare" onClick={() => setRange(null)}>
            Reset zoom
          </Button>
        )}
        <button
          type="button"
          class="quiet"
          title="Each position in the chart shows the minimum, maximum and mean of its points. Click to see all values"
          onClick={() => setValues(true)}
        >
          {curve && curve.span > 0 ? `${count(curve.points)} points, drawn as ${count(curve.x.length)}` : plural(metric.count, "point")}
        </button>
      </figcaption>
      {curve ? (
        <Chart
          lines={[{ curve, label: metric.name, colour: "--line-1" }]}
          title={metric.name}
          axis={axis}
          isLog={isLog}
          smoothing={smoothing}
          zoom={setRange}
          say={say}
          isSize={isSize}
        />
      ) : (
        <div class="chart is-blank" />
      )}
      {isValues && <Values run={run} metric={metric} isSystem={isSystem} say={say} close={() => setValues(false)} />}
    </figure>
  );
}

export function Metrics({ run }: TabProps) {
  const known = useMetrics(run);
  const [text, setText] = useState("");
  const [most, setMost] = useState(PAGE);
  const [axis, setAxis] = useRemembered<Axis | "">("axis", "");
  const [isLog, setLog] = useRemembered("log.y", false);
  const [smoothing, setSmoothing] = useRemembered("smoothing", 0);
  if (!known.data) return known.error ? <Failure error={known.error} retry={known.reload} /> : <Waiting what="the metrics" />;
  if (!known.data.length) {
    return (
      <Empty title="No metrics yet">
        <p>Numbers that the script logs appear here while it runs:</p>
        <pre>run.log("loss", 0.25)</pre>
      </Empty>
    );
  }
  const matching = known.data.filter((one) => one.name.toLowerCase().includes(text.trim().toLowerCase()));
  const numbers = matching.filter((one) => one.kind === "number");
  const curves = numbers.filter(isCurve);
  const others = matching.filter((one) => one.kind !== "number");
  return (
    <div class="metrics">
      <div class="bar">
        <input type="search" aria-label="Find a metric" placeholder="Find a metric" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <AxisPicker axis={axis} change={setAxis} />
        <Smoothing value={smoothing} change={setSmoothing} />
        <Switch label="Log scale" on={isLog} change={setLog} />
      </div>
      <MetricTiles metrics={numbers.filter((one) => !isCurve(one))} />
      <MetricCharts run={run} metrics={curves.slice(0, most)} round={known.round} {...(axis ? { axis } : {})} isLog={isLog} smoothing={smoothing} />
      {curves.length > most && <Button onClick={() => setMost(most + PAGE)}>{`Show more (${curves.length - most} left)`}</Button>}
      {matching.length === 0 && <p class="dim">No metric has “{text}” in its name.</p>}
      {others.length > 0 && (
        <p>
          <a href={runHref(run.id, "media")}>{plural(others.length, "image, table or document", "images, tables and documents")}</a>
        </p>
      )}
    </div>
  );
}

export function AxisPicker({ axis, change, isMany = false }: { axis: Axis | ""; change: (axis: Axis | "") => void; isMany?: boolean }) {
  return (
    <label class="inline">
      <span>X axis</span>
      <select value={axis} onChange={(event) => change(event.currentTarget.value as Axis | "")}>
        {!isMany && <option value="">step, or point number</option>}
        <option value="step">step</option>
        <option value="index">point number</option>
        <option value="relative">time since the first point</option>
        <option value="time">time of day</option>
      </select>
    </label>
  );
}

export function Smoothing({ value, change }: { value: number; change: (value: number) => void }) {
  return (
    <label class="inline" title="Draws a moving average; the values themselves stay visible behind it">
      <span>Smoothing</span>
      <input type="range" min={0} max={0.99} step={0.01} value={value} onInput={(event) => change(Number(event.currentTarget.value))} />
    </label>
  );
}
