/** A table that was logged: any number of rows, of which those in view are on the page; sorted by a click, kept as CSV. */

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { figure, plural } from "../../../format";
import { useWindow } from "../../../table/window";
import { Button } from "../../../ui/basics";
import { keepFile } from "../../../ui/keep";
import { type ColumnsOf, cellText, csvOf, type Order, ordered } from "./cells";

const ROW = 30;
const HEAD = 30;
/** Up to here all rows are on the page. */
const FEW = 200;

interface Props {
  columns: ColumnsOf;
  label: string;
  /** What stands behind each row. */
  more?: (row: number) => ComponentChildren;
}

export function Columns({ columns, label, more }: Props) {
  const [order, setOrder] = useState<Order | null>(null);
  const height = Math.max(0, ...columns.map(([, cells]) => cells.length));
  const rows = useMemo(() => ordered(columns, height, order), [columns, height, order]);
  const view = useWindow(height, ROW, HEAD);
  const [first, last] = height > FEW ? [view.first, view.last] : [0, height - 1];
  const sort = (column: number): void => setOrder(order?.column !== column ? { column, isDown: false } : order.isDown ? null : { column, isDown: true });
  return (
    <>
      <div class="scrolled" ref={view.attach} tabIndex={0} role="region" aria-label={label}>
        <table class="plain is-lined cells" aria-rowcount={height + 1}>
          <thead>
            <tr>
              {columns.map(([name], at) => (
                <th
                  key={name}
                  class={typeof columns[at]?.[1].find((cell) => cell !== null) === "number" ? "is-number" : ""}
                  aria-sort={order?.column === at ? (order.isDown ? "descending" : "ascending") : undefined}
                >
                  <button type="button" class="sort-head" title={`Sort by ${name}`} onClick={() => sort(at)}>
                    {name}
                    {order?.column === at && (order.isDown ? " ↓" : " ↑")}
                  </button>
                </th>
              ))}
              {more && <td />}
            </tr>
          </thead>
          <tbody>
            {first > 0 && <Gap rows={first} />}
            {rows.slice(first, last + 1).map((row, at) => (
              <tr key={row} aria-rowindex={first + at + 2}>
                {columns.map(([name, cells]) => (
                  <td key={name} class={typeof cells[row] === "number" ? "is-number" : ""}>
                    {shown(cells[row])}
                  </td>
                ))}
                {more && <td>{more(row)}</td>}
              </tr>
            ))}
            {last + 1 < height && <Gap rows={height - last - 1} />}
          </tbody>
        </table>
      </div>
      <p class="bar is-tools">
        <span class="dim">{plural(height, "row")}</span>
        <Button kind="bare" icon="download" onClick={() => keepFile(`${label}.csv`, new Blob([csvOf(columns, rows)], { type: "text/csv" }))}>
          CSV
        </Button>
      </p>
    </>
  );
}

const Gap = ({ rows }: { rows: number }) => (
  <tr aria-hidden="true" style={{ height: `${rows * ROW}px` }}>
    <td />
  </tr>
);

const shown = (value: unknown): string => (typeof value === "number" ? figure(value) : cellText(value));
