/** Each run as a line through its parameters to a metric, and what the metric depends on. */

import type { ComponentChildren } from "preact";
import { figure, plural } from "../format";
import { place } from "../route";
import { get } from "../server/api";
import type { RunRow } from "../types";
import { Failure, Meter, Waiting } from "../ui/basics";
import { useLoaded } from "../use";
import { Drawing, type Ink } from "./drawing";
import { columnsOfRuns, type FieldColumn } from "./fields";
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
  const axes = [...params.slice(0, MOST_AXES), metric];
  return (
    <section aria-label="Parallel coordinates">
      <div class="bar">
        {lead}
        <Pick label="Metric" name="metric" value={metric.name} columns={metrics} />
        {params.length > MOST_AXES && <span class="dim">The first {MOST_AXES} parameters are shown.</span>}
      </div>
      <Drawing
        title={`Parameters and ${metric.name} of ${plural(runs.length, "run")}`}
        height={lead ? 230 : 380}
        of={[runs, metric.name]}
        option={(ink) => parallelOption(ink, runs, axes, metric)}
      />
      {!lead && (
        <>
          <AsTable
            title="Parallel coordinates"
            heads={["run", ...axes.map((one) => one.name)]}
            rows={runs.map((run, at) => [nameOf(run), ...axes.map((one) => one.values[at] ?? null)])}
          />
          <Importance runs={runs} metric={metric.name.slice("metrics.".length)} />
        </>
      )}
    </section>
  );
}

function parallelOption(ink: Ink, runs: RunRow[], axes: FieldColumn[], metric: FieldColumn) {
  const known = metric.values.filter((one): one is number => typeof one === "number");
  const label = { color: ink.dim };
  return {
    parallel: { left: 60, right: 110, top: 40, bottom: 24 },
    parallelAxis: axes.map((one, dim) => ({
      dim,
      name: one.name.replace(/^(params|metrics)\./, ""),
      nameTextStyle: { color: ink.ink },
      axisLabel: label,
      axisLine: { lineStyle: { color: ink.dim } },
      ...(one.isNumber ? { type: "value", scale: true } : { type: "category", data: [...new Set(one.values.map((value) => value ?? "none"))] }),
    })),
    visualMap: {
      ...{ dimension: axes.length - 1, min: Math.min(...known), max: Math.max(...known), right: 0, top: "middle", textStyle: label },
      text: [figure(Math.max(...known)), figure(Math.min(...known))],
      inRange: { color: [ink.lines[0], ink.lines[1]] },
    },
    series: [
      {
        type: "parallel",
        lineStyle: { width: 1.5, opacity: runs.length > 100 ? 0.4 : 0.8 },
        data: runs.map((_, at) => axes.map((one) => one.values[at] ?? (one.isNumber ? Number.NaN : "none"))),
      },
    ],
  };
}

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
