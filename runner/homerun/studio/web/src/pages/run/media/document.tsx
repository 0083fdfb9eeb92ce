/** A JSON metric: what Azure's schemas describe as tables, anything else as it is. */

import { useState } from "preact/hooks";
import { figure } from "../../../format";
import { Columns } from "./columns";

type Row = Record<string, unknown>;

export function Document({ value, name }: { value: unknown; name: string }) {
  const data = dataOf(value);
  if (data && isMatrix(data.matrix)) return <Confusion labels={data.class_labels} matrix={data.matrix} name={name} />;
  if (data && isTables(data.probability_tables) && isNumbers(data.probability_thresholds)) {
    return <Accuracy labels={data.class_labels} tables={data.probability_tables} thresholds={data.probability_thresholds} name={name} />;
  }
  if (data && isNumbers(data.bin_edges) && isNumbers(data.bin_counts)) return <Bins data={data} edges={data.bin_edges} counts={data.bin_counts} name={name} />;
  return (
    <pre class="scrolled" tabIndex={0}>
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}

function dataOf(value: unknown): Row | null {
  const data = isRow(value) && isRow(value.data) ? value.data : value;
  return isRow(data) ? data : null;
}

const isRow = (value: unknown): value is Row => value !== null && typeof value === "object" && !Array.isArray(value);
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((one) => typeof one === "number");
const isMatrix = (value: unknown): value is number[][] => Array.isArray(value) && value.length > 0 && value.every(isNumbers);
const isTables = (value: unknown): value is number[][][] => Array.isArray(value) && value.length > 0 && value.every(isMatrix);
const labelOf = (labels: unknown, at: number): string => String((Array.isArray(labels) ? labels[at] : undefined) ?? at);

const MOST_TINT = 55;

function Confusion({ labels, matrix, name }: { labels: unknown; matrix: number[][]; name: string }) {
  const most = Math.max(1, ...matrix.flat());
  const tint = (value: number): string => `color-mix(in srgb, var(--line-1) ${Math.round((value / most) * MOST_TINT)}%, transparent)`;
  return (
    <div class="scrolled" tabIndex={0} role="region" aria-label={name}>
      <table class="plain is-lined is-matrix">
        <caption class="dim">Each row is a true class, each column a predicted one</caption>
        <thead>
          <tr>
            <td />
            {(matrix[0] ?? []).map((_, at) => (
              <th key={at} scope="col">
                {labelOf(labels, at)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.map((row, at) => (
            <tr key={at}>
              <th scope="row">{labelOf(labels, at)}</th>
              {row.map((value, column) => (
                <td key={column} style={{ background: tint(value) }}>
                  {figure(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Accuracy({ labels, tables, thresholds, name }: { labels: unknown; tables: number[][][]; thresholds: number[]; name: string }) {
  const [at, setAt] = useState(0);
  const table = tables[at] ?? [];
  const of = (which: number): (number | undefined)[] => table.map((row) => row[which]);
  const [hits, alarms, , misses] = [of(0), of(1), of(2), of(3)];
  const share = (parts: (number | undefined)[], others: (number | undefined)[]): (number | null)[] =>
    parts.map((part, row) => ratio(part ?? 0, others[row] ?? 0));
  return (
    <>
      {tables.length > 1 && (
        <label class="inline">
          <span>Class</span>
          <select value={at} onChange={(event) => setAt(Number(event.currentTarget.value))}>
            {tables.map((_, one) => (
              <option key={one} value={one}>
                {labelOf(labels, one)}
              </option>
            ))}
          </select>
        </label>
      )}
      <Columns
        label={name}
        columns={[
          ["threshold", thresholds],
          ["precision", share(hits, alarms)],
          ["recall", share(hits, misses)],
          ["true positive", hits],
          ["false positive", alarms],
          ["true negative", of(2)],
          ["false negative", misses],
        ]}
      />
    </>
  );
}

const ratio = (part: number, other: number): number | null => (part + other ? part / (part + other) : null);

function Bins({ data, edges, counts, name }: { data: Row; edges: number[]; counts: number[]; name: string }) {
  const most = Math.max(1, ...counts);
  const more = Object.entries({ average: data.bin_averages, error: data.bin_errors }).filter((one): one is [string, number[]] => isNumbers(one[1]));
  return (
    <Columns
      label={name}
      columns={[["from", edges.slice(0, counts.length)], ["to", edges.slice(1, counts.length + 1)], ["count", counts], ...more]}
      more={(row) => <meter min={0} max={most} value={counts[row] ?? 0} aria-hidden="true" />}
    />
  );
}
