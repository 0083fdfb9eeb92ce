/** The same as a chart shows, to be read: for screen readers, and to copy. */

import { figure, parameter } from "../format";
import type { Value } from "./fields";

interface Props {
  title: string;
  /** Names of fields, or words. */
  heads: string[];
  /** How a head is written. */
  written: (head: string) => string;
  rows: Value[][];
}

export function AsTable({ title, heads, written, rows }: Props) {
  return (
    <details class="as-table">
      <summary>{title} as a table</summary>
      <div class="scrolled" tabIndex={0} role="region" aria-label={`${title} as a table`}>
        <table class="plain is-lined">
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {written(head)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr key={at}>
                {row.map((value, column) => (
                  <td key={heads[column]} class={typeof value === "number" ? "is-number" : ""}>
                    {heads[column]?.startsWith("params.") ? parameter(value) : figure(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
