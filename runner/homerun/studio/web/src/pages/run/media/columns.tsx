/** A table that was logged. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { count, figure } from "../../../format";
import { Button } from "../../../ui/basics";

export type ColumnsOf = [string, unknown[]][];

const ROWS = 50;

interface Props {
  columns: ColumnsOf;
  label: string;
  /** What stands behind each row. */
  more?: (row: number) => ComponentChildren;
}

export function Columns({ columns, label, more }: Props) {
  const [most, setMost] = useState(ROWS);
  const rows = Math.max(0, ...columns.map(([, cells]) => cells.length));
  return (
    <>
      <div class="scrolled" tabIndex={0} role="region" aria-label={label}>
        <table class="plain is-lined">
          <thead>
            <tr>
              {columns.map(([name]) => (
                <th key={name}>{name}</th>
              ))}
              {more && <td />}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: Math.min(most, rows) }, (_, at) => (
              <tr key={at}>
                {columns.map(([name, cells]) => (
                  <td key={name}>{cell(cells[at])}</td>
                ))}
                {more && <td>{more(at)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows > most && <Button onClick={() => setMost(most * 10)}>{`Show more rows (${count(rows - most)} left)`}</Button>}
    </>
  );
}

const cell = (value: unknown): string => (value !== null && typeof value === "object" ? JSON.stringify(value) : figure(value));
