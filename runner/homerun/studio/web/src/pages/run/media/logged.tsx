/** What was logged beside numbers: pictures, tables, lists, and the documents of a classifier or a regression. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { bytes, count, figure } from "../../../format";
import { blob, get } from "../../../server/api";
import type { MetricRow, PointRow, RunRow } from "../../../types";
import { Failure } from "../../../ui/basics";
import { useLoaded } from "../../../use";
import { Values } from "../values";
import { type ColumnsOf, joined, numeric } from "./cells";
import { Columns } from "./columns";
import { Document } from "./document";
import { Images } from "./images";
import { dots, histogram } from "./numbers";
import { Plot } from "./plot";

const POINTS = 10_000;
const MOST_LINES = 8;
const MOST_BYTES = 4 << 20;

export function Logged({ run, metric }: { run: RunRow; metric: MetricRow }) {
  const [isValues, setValues] = useState(false);
  return (
    <figure class="card">
      <figcaption>
        <b title={metric.name}>{metric.name}</b>
        <span class="grow" />
        <button type="button" class="quiet" onClick={() => setValues(true)}>
          {count(metric.count)} logged
        </button>
      </figcaption>
      <Shown run={run} metric={metric} />
      {isValues && <Values run={run} metric={metric} close={() => setValues(false)} />}
    </figure>
  );
}

function Shown({ run, metric }: { run: RunRow; metric: MetricRow }) {
  const { name, kind, last } = metric;
  const files = metric.files ?? (typeof last === "string" ? [last] : []);
  if (kind === "image") return <Images run={run} metric={metric} />;
  if (kind === "json") return <EachOf what="document" name={name} files={files} show={(file) => <Read run={run} file={file} />} />;
  if (kind === "row" || kind === "table" || kind === "list") return <Points run={run} metric={metric} />;
  if (last === null || typeof last !== "object") return <p class="figure">{figure(last)}</p>;
  return (
    <pre class="scrolled" tabIndex={0}>
      {JSON.stringify(last, null, 2)}
    </pre>
  );
}

interface EachProps {
  what: string;
  name: string;
  files: string[];
  show: (file: string, alt: string) => ComponentChildren;
}

function EachOf({ what, name, files, show }: EachProps) {
  const [at, setAt] = useState(files.length - 1);
  const file = files[Math.min(at, files.length - 1)];
  if (!file) return null;
  return (
    <>
      {show(file, `${name}, ${at + 1} of ${files.length}`)}
      {files.length > 1 && (
        <label class="inline">
          <span>
            {at + 1} of {files.length}
          </span>
          <input
            type="range"
            aria-label={`Which ${what} of ${name}`}
            min={0}
            max={files.length - 1}
            value={at}
            onInput={(event) => setAt(Number(event.currentTarget.value))}
          />
        </label>
      )}
    </>
  );
}

function Read({ run, file }: { run: RunRow; file: string }) {
  const loaded = useLoaded(
    async (abort) => {
      const found = await blob("runs/{id}/file", { id: run.id, file }, abort);
      if (found.size > MOST_BYTES) throw new Error(`${file} is ${bytes(found.size)}, too large to be shown here: download it under Outputs.`);
      return { value: JSON.parse(await found.text()) as unknown };
    },
    [run.id, file],
  );
  if (loaded.error) return <Failure error={loaded.error} />;
  if (!loaded.data) return <div class="logged" aria-busy="true" />;
  return <Document value={loaded.data.value} name={file} />;
}

const before = (metric: MetricRow): number => Math.max(0, metric.count - POINTS);

/** The last ones of a name. */
export async function readPoints(run: string, metric: MetricRow, abort: AbortSignal): Promise<PointRow[]> {
  return (await get("runs/{id}/values", { id: run, name: metric.name, skip: before(metric), limit: POINTS }, abort)).values;
}

/** Rows, tables and lists of one name are one table, as `get_metrics` has them. */
function Points({ run, metric }: { run: RunRow; metric: MetricRow }) {
  const skip = before(metric);
  const loaded = useLoaded((abort) => readPoints(run.id, metric, abort), [run.id, metric.name], [metric.count]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <div class="logged" aria-busy="true" />;
  const columns = joined(loaded.data.map((one) => one.value as unknown));
  return (
    <>
      <Drawn kind={metric.kind} name={metric.name} columns={columns} first={skip} />
      <Columns columns={columns} label={metric.name} />
      {skip > 0 && (
        <p class="dim">
          Of the last {count(POINTS)} that were logged; {count(skip)} came before.
        </p>
      )}
    </>
  );
}

/** Rows as lines over their number, and the numbers of a list as a histogram. */
function Drawn({ kind, name, columns, first }: { kind: MetricRow["kind"]; name: string; columns: ColumnsOf; first: number }) {
  const numbers = numeric(columns);
  const [only] = numbers;
  if (kind === "list" && only && only[1].length > 1) {
    const values = only[1].filter((one): one is number => one !== null);
    return <Plot title={`Histogram of ${name}`} x={name} y="count" bars={histogram(values)} />;
  }
  if (kind !== "row" || !only || only[1].length < 2) return null;
  const lines = numbers.slice(0, MOST_LINES).map(([column, cells]) => ({
    name: column,
    ...dots(
      cells.map((_, at) => first + at + 1),
      cells,
    ),
  }));
  return <Plot title={`Rows of ${name}`} x="row" y={lines.length > 1 ? "value" : only[0]} lines={lines} />;
}
