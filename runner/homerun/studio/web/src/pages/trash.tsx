/** What was put away: deleted runs, and experiments that are left out of listings. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { bytes, count, plural } from "../format";
import { adjust, experimentHref, place } from "../route";
import { archive, restore } from "../server/actions";
import { get } from "../server/api";
import { useLive } from "../server/live";
import { isReadOnly, setTitle } from "../state";
import type { DeletedRun, ExperimentRow } from "../types";
import { Ago, Button, Empty, Failure, StatusMark, Waiting } from "../ui/basics";
import { useKeys } from "../ui/keys";
import { type Loaded, useLoaded, useThrottled } from "../use";

/** So many rows are added at a time. */
const STEP = 200;
const RELOAD_MS = 700;

export function TrashPage() {
  const deleted = useLoaded((abort) => get("trash", {}, abort).then((answer) => answer.runs), []);
  const archived = useLoaded((abort) => get("experiments", { archived: true }, abort).then((answer) => answer.experiments.filter((one) => one.archived)), []);
  const reload = useThrottled(() => {
    deleted.reload();
    archived.reload();
  }, RELOAD_MS);
  useEffect(() => setTitle("Trash and archive"), []);
  // To read the trash the server measures each of its runs: not whenever a run logs something.
  useLive({ topics: ["runs", "experiments"] }, ({ event, data }) => {
    if (event === "reset" || (event === "runs" && data.removed.length)) reload();
    else if (event === "experiments") archived.reload();
  });
  useKeys("Trash and archive", [{ keys: "/", does: "find a deleted run", run: () => document.querySelector<HTMLElement>("#find-deleted")?.focus() }]);
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Trash and archive</h1>
      </header>
      <section class="card">
        <h2>Deleted runs</h2>
        <Read loaded={deleted} what="the trash" show={(runs) => <Deleted runs={runs} reload={deleted.reload} />} />
      </section>
      <section class="card">
        <h2>Archived experiments</h2>
        <Read loaded={archived} what="the experiments" show={(experiments) => <Archived experiments={experiments} reload={archived.reload} />} />
      </section>
    </div>
  );
}

function Read<T>({ loaded, what, show }: { loaded: Loaded<T>; what: string; show: (data: T) => ComponentChildren }) {
  if (loaded.data) return <>{show(loaded.data)}</>;
  return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what={what} />;
}

function Deleted({ runs, reload }: { runs: DeletedRun[]; reload: () => void }) {
  const [most, setMost] = useState(STEP);
  const text = place.value.query.get("find") ?? "";
  const below = new Map<string, number>();
  const isHead = (run: DeletedRun): boolean => run.deleted_with === null || run.deleted_with === run.run_id;
  for (const run of runs) if (run.deleted_with && !isHead(run)) below.set(run.deleted_with, (below.get(run.deleted_with) ?? 0) + 1);
  const heads = runs.filter(isHead);
  const found = heads.filter((run) => matches(run, text));
  const size = runs.reduce((sum, run) => sum + run.size_bytes, 0);
  if (!runs.length) {
    return (
      <Empty title="The trash is empty">
        <p>A run that is deleted comes here first, with its logs, metrics and files, and can be restored.</p>
      </Empty>
    );
  }
  return (
    <>
      <p class="facts">
        <span>{plural(runs.length, "run")}</span>
        <span>{bytes(size)}</span>
        <span>
          To remove them for good: <code>homerun store trash empty</code>
        </span>
      </p>
      {heads.length > 1 && (
        <div class="bar">
          <input
            id="find-deleted"
            type="search"
            aria-label="Find a deleted run"
            placeholder="Find by experiment, number, name or id"
            value={text}
            onInput={(event) => adjust({ find: event.currentTarget.value })}
          />
        </div>
      )}
      <div class="scrolled" tabIndex={0} role="region" aria-label="Deleted runs">
        <table class="plain is-lined">
          <thead>
            <tr>
              <th>Run</th>
              <th class="is-extra">Status</th>
              <th>Deleted</th>
              <th class="is-extra">By</th>
              <th class="is-number">Size</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {found.slice(0, most).map((run) => (
              <tr key={run.run_id}>
                <th scope="row" title={run.run_id}>
                  {run.experiment_name} <span class="number">#{run.run_number}</span> {run.display_name !== run.run_id && run.display_name}{" "}
                  {below.has(run.run_id) && <span class="badge">with {plural(below.get(run.run_id) ?? 0, "child run")}</span>}
                </th>
                <td class="is-extra">
                  <StatusMark status={run.status} />
                </td>
                <td>
                  <Ago time={run.deleted_utc} />
                </td>
                <td class="is-extra">{run.deleted_by}</td>
                <td class="is-number">{bytes(run.size_bytes)}</td>
                <td class="is-number">
                  <Button
                    icon="back"
                    disabled={isReadOnly()}
                    label={`Restore run ${run.run_number} of ${run.experiment_name}`}
                    onClick={() => void restore([run.run_id]).then(reload)}
                  >
                    Restore
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.length > most && (
        <Button onClick={() => setMost(most + STEP)}>{`Show ${count(Math.min(STEP, found.length - most))} more of ${count(found.length)}`}</Button>
      )}
      {!found.length && (
        <Empty title="No matching runs">
          <Button onClick={() => adjust({ find: null })}>Show all</Button>
        </Empty>
      )}
    </>
  );
}

function matches(run: DeletedRun, text: string): boolean {
  const words = `${run.experiment_name} #${run.run_number} ${run.display_name ?? ""} ${run.run_id} ${run.deleted_by ?? ""}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word));
}

function Archived({ experiments, reload }: { experiments: ExperimentRow[]; reload: () => void }) {
  if (!experiments.length) {
    return <p class="dim">No experiment is archived. One that is stays out of listings, with all its runs, until a new run brings it back.</p>;
  }
  return (
    <div class="scrolled" tabIndex={0} role="region" aria-label="Archived experiments">
      <table class="plain is-lined">
        <thead>
          <tr>
            <th>Experiment</th>
            <th class="is-number">Runs</th>
            <th>Last run</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {experiments.map((one) => (
            <tr key={one.name}>
              <th scope="row">
                <a href={experimentHref(one.name)}>{one.name}</a>
              </th>
              <td class="is-number">{count(one.runs)}</td>
              <td>{one.last && <Ago time={one.last.created} />}</td>
              <td class="is-number">
                <Button icon="back" disabled={isReadOnly()} label={`Restore ${one.name}`} onClick={() => void archive(one.name, false, reload)}>
                  Restore
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
