/** Each run as a line through its parameters to a metric, and what the metric depends on. */

import type { ComponentChildren } from "preact";
import { figure, NO_VALUE, plural } from "../format";
import { place } from "../route";
import { get } from "../server/api";
import type { RunRow } from "../types";
import { Failure, Meter, Waiting } from "../ui/basics";
import { useLoaded } from "../use";
import { Drawing, type Ink, scaleOf } from "./drawing";
import { columnsOfRuns, type FieldColumn, titlesOf } from "./fields";
import { chosen, Pick } from "./pick";
import { nameOf } from "./scatter";
import { AsTable } from "./table";

const MOST_AXES = 12;
/** With fewer runs neither figure says much. */
const FEW = 20;

interface Props {
  runs: RunRow[];
  /** Stands before the choice of a metric, above the picture alone: the runs are a table on the same page. */
  lead?: ComponentChildren;
}

export function Parallel({ runs, lead }: Props) {
  const columns = columnsOfRuns(runs);
  const metrics = columns.filter((one) => one.name.startsWith("metrics.") && one.isNumber);
  const params = columns.filter((one) => one.name.startsWith("params."));
  const metric = chosen(place.value.query.get("metric"), metrics, [metrics[0]?.name]);
  if (!metric || !params.length) {
    return (
      <div class="bar">
        {lead}
        <p class="dim">These runs do not differ in any parameter, or have logged no numbers.</p>
      </div>
    );
  }
  const title = titlesOf(columns);
  const axes = [...params.slice(0, MOST_AXES), metric];
  return (
    <section aria-label="Parallel coordinates">
      <div class="bar">
        {lead}
        <Pick label="Metric" name="metric" value={metric.name} columns={metrics} title={title} />
        {params.length > MOST_AXES && <span class="dim">The first {MOST_AXES} parameters are shown.</span>}
      </div>
      <Drawing
        title={`Parameters and ${title(metric.name)} of ${plural(runs.length, "run")}`}
        height={lead ? 230 : 380}
        of={[runs, metric.name]}
        option={(ink) => parallelOption(ink, title, runs, axes, metric)}
      />
      {!lead && (
        <>
          <AsTable
            title="Parallel coordinates"
            written={title}
            heads={["run", ...axes.map((one) => one.name)]}
            rows={runs.map((run, at) => [nameOf(run), ...axes.map((one) => one.values[at] ?? null)])}
          />
          <Importance runs={runs} metric={metric.name.slice("metrics.".length)} />
        </>
      )}
    </section>
  );
}

function parallelOption(ink: Ink, title: (name: string) => string, runs: RunRow[], axes: FieldColumn[], metric: FieldColumn) {
  const known = metric.values.filter((one): one is number => typeof one === "number");
  const label = { color: ink.dim };
  return {
    parallel: { left: 60, right: 150, top: 40, bottom: 24 },
    parallelAxis: axes.map((one, dim) => ({
      dim,
      name: title(one.name),
      nameTextStyle: { color: ink.ink },
      // The lines go behind what is written on them.
      axisLabel: { ...label, backgroundColor: ink.page, padding: [1, 3] },
      axisLine: { lineStyle: { color: ink.dim } },
      ...(one.isNumber
        ? { type: "value", scale: true, ...(isWhole(one) ? { minInterval: 1 } : {}) }
        : { type: "category", data: [...new Set(one.values.map((value) => value ?? NO_VALUE))] }),
    })),
    visualMap: { dimension: axes.length - 1, ...scaleOf(ink, title(metric.name), { min: Math.min(...known), max: Math.max(...known) }) },
    series: [
      {
        type: "parallel",
        lineStyle: { width: 1.5, opacity: runs.length > 100 ? 0.4 : 0.8 },
        data: runs.map((_, at) => axes.map((one) => one.values[at] ?? (one.isNumber ? Number.NaN : NO_VALUE))),
      },
    ],
  };
}

const isWhole = ({ values }: FieldColumn): boolean => values.every((one) => one === null || Number.isInteger(one));

function Importance({ runs, metric }: { runs: RunRow[]; metric: string }) {
  const ids = runs.map((run) => run.id);
  const loaded = useLoaded((abort) => (ids.length > 1 ? get("importance", { run: ids, metric }, abort) : Promise.resolve(null)), [ids.join(), metric]);
  if (!loaded.data)
    return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : ids.length > 1 ? <Waiting what="what the metric depends on" /> : null;
  const { runs: known, params, more } = loaded.data;
  const isSplit = params.some((one) => one.importance > 0);
  return (
    <>
      <h2>What {metric} depends on</h2>
      <p class="dim">
        From {plural(known, "run")}: the share of a random forest's splits, and the rank correlation.
        {known < FEW && " So few runs say little: take this for a hint."}
        {more && ` Of all parameters these ${params.length} tell most.`}
      </p>
      <div class="scrolled" tabIndex={0} role="region" aria-label="Importance">
        <table class="plain is-lined">
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col">Importance</th>
              <th scope="col" class="is-number">
                Correlation
              </th>
              <th scope="col" class="is-number">
                Runs
              </th>
            </tr>
          </thead>
          <tbody>
            {params.map((one) => (
              <tr key={one.name}>
                <th scope="row">{one.name}</th>
                <td>
                  {isSplit ? (
                    <>
                      <Meter value={one.importance} of={1} label={`importance ${figure(one.importance, 2)}`} /> {figure(one.importance, 2)}
                    </>
                  ) : (
                    <span class="dim">too few runs</span>
                  )}
                </td>
                <td class="is-number">{one.correlation === null ? "" : figure(one.correlation, 2)}</td>
                <td class="is-number">{one.runs}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
