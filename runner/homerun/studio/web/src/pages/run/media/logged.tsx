/** What was logged beside numbers: pictures, tables, lists, and the documents of a classifier or a regression. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { bytes, count, figure } from "../../../format";
import { blob, get } from "../../../server/api";
import type { MetricRow, RunRow } from "../../../types";
import { Failure } from "../../../ui/basics";
import { Picture } from "../../../ui/files";
import { useLoaded } from "../../../use";
import { Values } from "../values";
import { Columns, type ColumnsOf } from "./columns";
import { Document } from "./document";

const POINTS = 1000;
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
  if (kind === "image") return <EachOf what="image" name={name} files={files} show={(file, alt) => <Picture run={run.id} file={file} alt={alt} isLink />} />;
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
      return { file, value: JSON.parse(await found.text()) as unknown };
    },
    [run.id, file],
  );
  if (loaded.error) return <Failure error={loaded.error} />;
  if (loaded.data?.file !== file) return <div class="logged" aria-busy="true" />;
  return <Document value={loaded.data.value} name={file} />;
}

/** Rows, tables and lists of one name are one table, as `get_metrics` has them. */
function Points({ run, metric }: { run: RunRow; metric: MetricRow }) {
  const skip = Math.max(0, metric.count - POINTS);
  const loaded = useLoaded(
    (abort) => get("runs/{id}/values", { id: run.id, name: metric.name, skip, limit: POINTS }, abort),
    [run.id, metric.name, metric.count],
  );
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <div class="logged" aria-busy="true" />;
  const columns = joined(loaded.data.values.map((one) => one.value as unknown));
  return (
    <>
      <Columns columns={columns} label={metric.name} />
      {skip > 0 && (
        <p class="dim">
          Of the last {count(POINTS)} that were logged; {count(skip)} came before.
        </p>
      )}
    </>
  );
}

/** The cells of all points, column by column; a point that lacks a column has none there. */
function joined(points: unknown[]): ColumnsOf {
  const columns = new Map<string, unknown[]>();
  let height = 0;
  for (const point of points) {
    const cells = Array.isArray(point) || point === null || typeof point !== "object" ? { value: point } : point;
    const parts = Object.entries(cells).map(([name, cell]): [string, unknown[]] => [name, Array.isArray(cell) ? cell : [cell]]);
    for (const [name, part] of parts) {
      const column = columns.get(name) ?? [];
      while (column.length < height) column.push(null);
      column.push(...part);
      columns.set(name, column);
    }
    height = Math.max(height, ...[...columns.values()].map((one) => one.length));
  }
  return [...columns];
}
