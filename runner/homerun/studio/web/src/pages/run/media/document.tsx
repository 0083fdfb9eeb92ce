/** A JSON metric: what Azure's schemas describe as tables, anything else as it is. */

import { useState } from "preact/hooks";
import { figure } from "../../../format";
import { Button } from "../../../ui/basics";
import { Columns } from "./columns";
import { accuracy, area, dots, ratesOf, roc, shares, type Way } from "./numbers";
import { Plot } from "./plot";

type Row = Record<string, unknown>;

export function Document({ value, name }: { value: unknown; name: string }) {
  const data = dataOf(value);
  if (data && isMatrix(data.matrix)) return <Confusion labels={data.class_labels} matrix={data.matrix} name={name} />;
  if (data && isTables(data.probability_tables) && isNumbers(data.probability_thresholds)) {
    return <Accuracy labels={data.class_labels} tables={data.probability_tables} thresholds={data.probability_thresholds} name={name} />;
  }
  if (data && isNumbers(data.bin_edges) && isNumbers(data.bin_counts))
    return <BinsOf data={data} edges={data.bin_edges} counts={data.bin_counts} name={name} />;
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
const WAYS: [Way, string][] = [
  ["counts", "Counts"],
  ["rows", "Row %"],
  ["columns", "Column %"],
];

function Confusion({ labels, matrix, name }: { labels: unknown; matrix: number[][]; name: string }) {
  const [way, setWay] = useState<Way>("counts");
  const shown = shares(matrix, way);
  const most = way === "counts" ? Math.max(1, ...matrix.flat()) : 1;
  const tint = (value: number | null): string => `color-mix(in srgb, var(--line-1) ${Math.round(((value ?? 0) / most) * MOST_TINT)}%, transparent)`;
  const say = (value: number | null): string => (way === "counts" || value === null ? figure(value) : `${figure(100 * value, 3)} %`);
  const right = accuracy(matrix);
  return (
    <>
      <div class="bar is-tools" role="group" aria-label={`Cells of ${name}`}>
        {WAYS.map(([one, title]) => (
          <Button key={one} pressed={way === one} onClick={() => setWay(one)}>
            {title}
          </Button>
        ))}
        {right !== null && <span class="dim">accuracy {figure(100 * right, 4)} %</span>}
      </div>
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
            {shown.map((row, at) => (
              <tr key={at}>
                <th scope="row">{labelOf(labels, at)}</th>
                {row.map((value, column) => (
                  <td
                    key={column}
                    style={{ background: tint(value) }}
                    title={`true ${labelOf(labels, at)}, predicted ${labelOf(labels, column)}: ${figure(matrix[at]?.[column])}`}
                  >
                    {say(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Accuracy({ labels, tables, thresholds, name }: { labels: unknown; tables: number[][][]; thresholds: number[]; name: string }) {
  const [at, setAt] = useState(0);
  const table = tables[at] ?? [];
  const of = (which: number): (number | undefined)[] => table.map((row) => row[which]);
  const rates = ratesOf(table);
  const curve = roc(rates);
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
      <div class="plots">
        <div>
          <p>
            ROC, area <b>{figure(area(curve), 4)}</b>
          </p>
          <Plot
            title={`ROC of ${labelOf(labels, at)}`}
            x="false positive rate"
            y="true positive rate"
            isUnit
            lines={[
              { name: labelOf(labels, at), ...curve },
              { name: "by chance", x: [0, 1], y: [0, 1], isDashed: true },
            ]}
          />
        </div>
        <div>
          <p>Precision and recall</p>
          <Plot
            title={`Precision and recall of ${labelOf(labels, at)}`}
            x="recall"
            y="precision"
            isUnit
            lines={[{ name: labelOf(labels, at), ...dots(rates.recall, rates.precision, true) }]}
          />
        </div>
      </div>
      <Columns
        label={name}
        columns={[
          ["threshold", thresholds],
          ["precision", rates.precision],
          ["recall", rates.recall],
          ["true positive", of(0)],
          ["false positive", of(1)],
          ["true negative", of(2)],
          ["false negative", of(3)],
        ]}
      />
    </>
  );
}

function BinsOf({ data, edges, counts, name }: { data: Row; edges: number[]; counts: number[]; name: string }) {
  const more = Object.entries({ average: data.bin_averages, error: data.bin_errors }).filter((one): one is [string, number[]] => isNumbers(one[1]));
  const averages = isNumbers(data.bin_averages) ? data.bin_averages : null;
  const middles = counts.map((_, at) => ((edges[at] ?? 0) + (edges[at + 1] ?? 0)) / 2);
  const [least, most] = [edges[0] ?? 0, edges.at(-1) ?? 1];
  return (
    <>
      <div class="plots">
        {averages && (
          <Plot
            title={`Predictions of ${name}`}
            x="true value"
            y="predicted, on average"
            lines={[
              { name: "average and error", x: middles, y: averages, errors: isNumbers(data.bin_errors) ? data.bin_errors : averages.map(() => 0) },
              { name: "as they should be", x: [least, most], y: [least, most], isDashed: true },
            ]}
          />
        )}
        <Plot title={`Histogram of ${name}`} x={averages ? "true value" : "residual"} y="count" bars={{ edges, counts }} />
      </div>
      <Columns label={name} columns={[["from", edges.slice(0, counts.length)], ["to", edges.slice(1, counts.length + 1)], ["count", counts], ...more]} />
    </>
  );
}
