/** A run at a glance: its details, labels and latest numbers. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { bytes, duration, joinWords, memory, moment } from "../../format";
import { modelHref } from "../../route";
import { label } from "../../server/actions";
import { get } from "../../server/api";
import { isReadOnly } from "../../state";
import type { DetailsOfRun, RunRow } from "../../types";
import { Ago, Button, Facts, Failure, RollupBar, TagChip } from "../../ui/basics";
import { Editable } from "../../ui/editable";
import { Icon } from "../../ui/icon";
import { useLoaded } from "../../use";
import { isCurve, MetricCharts, MetricTiles, useMetrics } from "./metrics";
import type { TabProps } from "./tab";

const CHARTS = 4;
const TILES = 8;

export function Overview({ run, answer, reload }: TabProps) {
  const metrics = useMetrics(run);
  const numbers = (metrics.data ?? []).filter((one) => one.kind === "number");
  return (
    <div class="overview">
      <div class="main-column">
        <Trouble details={answer.details} />
        {answer.rollup && (
          <section>
            <h2>Children</h2>
            <RollupBar rollup={answer.rollup} />
          </section>
        )}
        <section>
          <h2>Description</h2>
          <Editable
            what="description"
            value={run.description ?? ""}
            canEdit={!isReadOnly()}
            isLong
            placeholder="What is this run about?"
            save={(description) => label([run], { description }).finally(reload)}
          />
        </section>
        <Registered run={run} />
        {numbers.length > 0 && (
          <section>
            <h2>Metrics</h2>
            <MetricTiles metrics={numbers.slice(0, TILES)} />
            <MetricCharts run={run} metrics={numbers.filter(isCurve).slice(0, CHARTS)} round={metrics.round} />
          </section>
        )}
        <section>
          <h2>Properties</h2>
          <Properties run={run} />
        </section>
      </div>
      <aside aria-label="Tags and details">
        <h2>Tags</h2>
        <TagEditor run={run} reload={reload} />
        <h2>Details</h2>
        <Details run={run} details={answer.details} />
      </aside>
    </div>
  );
}

function Trouble({ details }: { details: DetailsOfRun }) {
  const { error, warnings = [], changed_originals: changed = [], rules = [] } = details;
  return (
    <>
      {error && (
        <div class="failure">
          <Icon name="failed" />
          <Reason text={error.error.message} />
        </div>
      )}
      {warnings.map((one, at) => (
        <div class="failure is-mild" key={at}>
          <Icon name="warning" />
          <p>{one}</p>
        </div>
      ))}
      {rules.map((one, at) => (
        <div class="failure is-mild" key={at}>
          <Icon name="flag" />
          <p>
            Rule <code>{one.condition}</code>: {one.seen} <Ago time={one.time_utc} /> ({one.action})
          </p>
        </div>
      ))}
      {changed.length > 0 && (
        <div class="failure is-mild">
          <Icon name="warning" />
          <p>Changed while the run went on, outside of it: the originals of {changed.join(", ")}</p>
        </div>
      )}
    </>
  );
}

/** The first line says what happened; below it may be the end of the log. */
function Reason({ text: whole }: { text: string }) {
  const cut = whole.indexOf("\n");
  if (cut < 0) return <p>{whole}</p>;
  return (
    <div class="grow">
      <b>{whole.slice(0, cut)}</b>
      <pre>{whole.slice(cut + 1)}</pre>
    </div>
  );
}

/** The models that the run has registered. */
function Registered({ run }: { run: RunRow }) {
  const loaded = useLoaded((abort) => get("models", { run: run.id }, abort), [run.id, run.status]);
  const models = loaded.data?.models ?? [];
  if (!models.length) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : null;
  return (
    <section>
      <h2>Models</h2>
      <ul class="plain-list">
        {models.map((one) => (
          <li key={one.id}>
            <a href={modelHref(one.name, one.version)}>
              {one.name} version {one.version}
            </a>
            <span class="dim">{bytes(one.size_bytes)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Details({ run, details }: { run: RunRow; details: DetailsOfRun }) {
  const { outcome, process, queue, attempts } = details;
  const rows: [string, ComponentChildren][] = [
    ["Id", <code>{run.id}</code>],
    ["Script", run.script && <code>{run.script}</code>],
    ["Arguments", run.arguments.length > 0 && <code>{joinWords(run.arguments)}</code>],
    ["Target", run.target],
    ["Waiting because", queue?.reason],
    ["Submitted by", run.user],
    ["Created", moment(run.created)],
    ["Started", moment(run.started)],
    ["Ended", moment(run.ended)],
    ["CPU time", duration(run.cpu_s)],
    ["Memory", memory(run.memory_kib)],
    ["Exit code", outcome?.exit_code?.toString()],
    ["Signal", outcome?.signal],
    ["Cause", outcome?.cause],
    ["Attempts", attempts?.length],
    ["Process", process?.pid],
    ["Linked, not copied", details.linked?.map((one) => one.path).join(", ")],
    ["Type", run.type],
    ["Folder", <code>{details.directory}</code>],
  ];
  return <Facts rows={rows} />;
}

function TagEditor({ run, reload }: { run: RunRow; reload: () => void }) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const tags = Object.entries(run.tags);
  const set = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!key.trim()) return;
    if (!(await label([run], { tags: { [key.trim()]: value === "" ? null : value } }))) return;
    // The next tag may be in the fields already.
    setKey((now) => (now === key ? "" : now));
    setValue((now) => (now === value ? "" : now));
    reload();
  };
  return (
    <>
      <div class="chips is-wrapped">
        {tags.length === 0 && <span class="dim">No tags.</span>}
        {tags.map(([name, one]) => (
          <span class="chip-row" key={name}>
            {isReadOnly() ? (
              <TagChip name={name} value={one} />
            ) : (
              <button
                type="button"
                class="chip-button"
                title={`Edit tag ${name}`}
                onClick={() => {
                  setKey(name);
                  setValue(one ?? "");
                }}
              >
                <TagChip name={name} value={one} />
              </button>
            )}
            {!isReadOnly() && (
              <Button icon="cross" kind="bare" label={`Remove tag ${name}`} onClick={() => void label([run], { remove_tags: [name] }).then(reload)} />
            )}
          </span>
        ))}
      </div>
      {!isReadOnly() && (
        <form class="tag-form" onSubmit={(event) => void set(event)}>
          <input aria-label="Tag" placeholder="tag" value={key} onInput={(event) => setKey(event.currentTarget.value)} />
          <input aria-label="Value" placeholder="value" value={value} onInput={(event) => setValue(event.currentTarget.value)} />
          <Button type="submit" icon="plus" disabled={!key.trim()}>
            {key.trim() in run.tags ? "Change" : "Add"}
          </Button>
        </form>
      )}
    </>
  );
}

function Properties({ run }: { run: RunRow }) {
  const all = Object.entries(run.properties);
  if (!all.length) return <span class="dim">No properties. A script sets them with run.add_properties(); they never change afterwards.</span>;
  return (
    <table class="plain">
      <thead class="unseen">
        <tr>
          <th>Property</th>
          <th>Value</th>
        </tr>
      </thead>
      <tbody>
        {all.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>
              <code>{value}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
