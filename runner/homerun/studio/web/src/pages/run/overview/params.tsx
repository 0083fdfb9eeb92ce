/** The parameters of a run: a click shows the runs that have the same. */

import { parameter } from "../../../format";
import { href } from "../../../route";
import { fieldWritten, spelled, valueWritten } from "../../../table/filter/conditions";
import type { RunRow } from "../../../types";

/** The condition that a field has a value, as the filter takes it; null: that it is there. */
export function conditionOf(field: string, value: unknown): string {
  return value === null || value === "" ? fieldWritten(field) : `${fieldWritten(field)} = ${valueWritten(spelled(value))}`;
}

export function Params({ run }: { run: RunRow }) {
  const all = Object.entries(run.params).sort(([one], [other]) => one.localeCompare(other));
  if (!all.length) return null;
  return (
    <section>
      <h2>Parameters</h2>
      <table class="plain is-lined is-params">
        <thead class="unseen">
          <tr>
            <th>Parameter</th>
            <th>Value</th>
          </tr>
        </thead>
        <tbody>
          {all.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <a
                  href={href(["runs"], { experiment: run.experiment, where: [conditionOf(`params.${name}`, value)] })}
                  title={`The runs of ${run.experiment} with this ${name}`}
                >
                  {parameter(value)}
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
