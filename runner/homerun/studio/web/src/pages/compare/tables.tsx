/** The tables that several runs have logged under one name: beside each other, or as one by what stands in a column. */

import "../run/media/media.css";
import type { ComponentChildren } from "preact";
import { adjust, place, runHref } from "../../route";
import type { RunRow } from "../../types";
import { Failure, Waiting } from "../../ui/basics";
import { useLoaded } from "../../use";
import { joined } from "../run/media/cells";
import { Columns } from "../run/media/columns";
import { readPoints } from "../run/media/logged";
import { joinedBy, keysOf, type NamedTable } from "./joined";
import { type LoggedBy, labelOf } from "./logged";
import { Shared } from "./shared";

/** No column is called so. */
const BESIDE = "\n";

export function Tables({ runs, round }: { runs: RunRow[]; round: number }) {
  return (
    <Shared
      runs={runs}
      round={round}
      kinds={["table", "row", "list"]}
      title="Tables"
      what="tables"
      label="Table"
      query="table"
      calls="run.log_table(…), run.log_row(…) and run.log_list(…) do"
      show={(of, name, pick) => <Named of={of} name={name} pick={pick} />}
    />
  );
}

function Named({ of, name, pick }: { of: LoggedBy[]; name: string; pick: ComponentChildren }) {
  const loaded = useLoaded(
    (abort) =>
      Promise.all(
        of.map(async ({ run, metric }) => ({ run, label: labelOf(run), columns: joined((await readPoints(run.id, metric, abort)).map((one) => one.value)) })),
      ),
    [of.map(({ run }) => run.id).join(), name],
    [of.map(({ metric }) => metric.count).join()],
  );
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the tables" />;
  const tables = loaded.data;
  const keys = tables.length > 1 ? keysOf(tables) : [];
  const asked = place.value.query.get("join");
  const key = asked === BESIDE ? null : (keys.find((one) => one === asked) ?? keys[0] ?? null);
  return (
    <>
      <div class="bar">
        {pick}
        {keys.length > 0 && (
          <label class="inline">
            <span>Joined by</span>
            <select value={key ?? BESIDE} onChange={(event) => adjust({ join: event.currentTarget.value })}>
              <option value={BESIDE}>nothing: beside each other</option>
              {keys.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {key === null ? <Beside tables={tables} name={name} /> : <Joined tables={tables} name={name} by={key} />}
    </>
  );
}

function Joined({ tables, name, by }: { tables: NamedTable[]; name: string; by: string }) {
  return (
    <div class="is-joined">
      <Columns key={by} label={`${name} by ${by}`} columns={joinedBy(by, tables)} />
    </div>
  );
}

function Beside({ tables, name }: { tables: (NamedTable & { run: RunRow })[]; name: string }) {
  return (
    <div class="side-by-side" tabIndex={0} role="region" aria-label="Tables beside each other">
      {tables.map(({ run, label, columns }) => (
        <section key={run.id} aria-label={`${name} of ${label}`}>
          <h2>
            <a href={runHref(run.id, "media")}>{label}</a>
          </h2>
          <Columns label={`${name} of ${label}`} columns={columns} />
        </section>
      ))}
    </div>
  );
}
