/** A run at a glance: what went wrong, what came out, with which parameters, where and when. */

import { Charts } from "../../../chart/charts";
import "./overview.css";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { bytes, duration, figure, joinWords, memory, moment, now, plural, toNumber } from "../../../format";
import { href, modelHref, runHref } from "../../../route";
import { label } from "../../../server/actions";
import { get } from "../../../server/api";
import { isReadOnly } from "../../../state";
import type { DetailsOfRun, MetricRow, RunAnswer, RunRow } from "../../../types";
import { Button, Facts, Failure, RollupBar, TagChip } from "../../../ui/basics";
import { Editable } from "../../../ui/editable";
import { useLoaded } from "../../../use";
import { isCurve, MetricTiles, useMetrics } from "../metrics";
import type { TabProps } from "../tab";
import { Environment } from "./environment";
import { Params } from "./params";
import { phasesOf } from "./timeline";
import { Trouble } from "./trouble";

const CHARTS = 4;
const TILES = 8;

export function Overview({ run, answer, reload }: TabProps) {
  const metrics = useMetrics(run);
  const numbers = (metrics.data ?? []).filter((one) => one.kind === "number");
  const { rollup } = answer;
  return (
    <div class="overview">
      <div class="main-column">
        <Trouble run={run} answer={answer} />
        <Goal run={run} answer={answer} metrics={numbers} />
        {rollup && (
          <section>
            <h2>Children</h2>
            <RollupBar rollup={rollup} />
            {rollup.best && (
              <p>
                Best child:{" "}
                <a href={runHref(rollup.best.run_id)}>
                  {rollup.best.run_number ? `#${rollup.best.run_number}` : rollup.best.run_id}, {rollup.best.metric} {figure(rollup.best.value)}
                </a>
              </p>
            )}
          </section>
        )}
        {(run.description || !isReadOnly()) && (
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
        )}
        <Registered run={run} />
        {numbers.length > 0 && (
          <section>
            <h2>Metrics</h2>
            <MetricTiles metrics={numbers.slice(0, TILES)} />
            <Charts
              runs={[{ id: run.id, label: `#${run.number}` }]}
              names={numbers
                .filter(isCurve)
                .slice(0, CHARTS)
                .map((one) => one.name)}
              round={metrics.round}
              isPlain
            />
          </section>
        )}
        <Timeline run={run} details={answer.details} />
        <Environment run={run} answer={answer} />
        <Properties run={run} />
      </div>
      <aside aria-label="Parameters, tags and details">
        <Params run={run} />
        <h2>Tags</h2>
        <TagEditor run={run} reload={reload} />
        <h2>Details</h2>
        <Details run={run} details={answer.details} />
      </aside>
    </div>
  );
}

/** The metric by which the project tells a good run, beside the best of the experiment. */
function Goal({ run, answer, metrics }: { run: RunRow; answer: RunAnswer; metrics: MetricRow[] }) {
  const { goal } = answer;
  const own = goal && metrics.find((one) => one.name === goal.metric);
  const key = goal ? `metrics.${goal.metric}` : "";
  const best = useLoaded(
    async (abort) => {
      if (!goal || !own) return null;
      const asked = { experiment: run.experiment, sort: goal.is_most ? `-${key}` : key, where: [key], metrics: [goal.metric], limit: 1 };
      return (await get("runs", asked, abort)).runs[0] ?? null;
    },
    [run.experiment, key, !!own],
    [run.status],
  );
  if (!goal || !own) return null;
  const value = toNumber(own.last as number);
  const other = best.data;
  const most = toNumber(other?.metrics[goal.metric]?.last);
  return (
    <section class="goal" aria-label={`Goal: ${goal.metric}`}>
      <h2>
        {goal.metric} <span class="dim">({goal.is_most ? "higher" : "lower"} is better)</span>
      </h2>
      <p>
        <b>{figure(value)}</b>{" "}
        {other && most !== null && value !== null && (
          <span class="dim">
            {other.id === run.id ? (
              `the best of ${run.experiment}`
            ) : (
              <>
                {figure(Number((value - most).toPrecision(3)))} from the best, <a href={runHref(other.id)}>#{other.number}</a> with {figure(most)} ·{" "}
                <a href={href(["compare"], { ids: [other.id, run.id].join(",") })}>Compare with it</a>
              </>
            )}
          </span>
        )}
      </p>
    </section>
  );
}

function Timeline({ run, details }: { run: RunRow; details: DetailsOfRun }) {
  const phases = phasesOf(run, details.attempts ?? [], run.ended ? 0 : now.value, details.outcome);
  if (!phases.length) return null;
  return (
    <section>
      <h2>Timeline</h2>
      <div class="phases" aria-hidden="true">
        {phases.map((one) => (
          <span key={one.from} class={`is-${one.kind}`} style={{ flexGrow: String(Math.max(0, one.to - one.from)) }} />
        ))}
      </div>
      <ol class="phase-list">
        {phases.map((one) => (
          <li key={one.from}>
            <span class={`phase-dot is-${one.kind}`} aria-hidden="true" />
            <b>{one.what}</b>
            <span>{duration((one.to - one.from) / 1000)}</span>
            <span class="dim">{moment(new Date(one.from).toISOString())}</span>
            {one.end && <span class="dim">{one.end}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The models that the run has registered. */
function Registered({ run }: { run: RunRow }) {
  const loaded = useLoaded((abort) => get("models", { run: run.id }, abort), [run.id], [run.status]);
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
    ["Cause", outcome?.cause === "exit_code" ? null : outcome?.cause],
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

/** What git said stands on its card of the environment, once. */
const OF_GIT = /^(azureml|mlflow)\.(source\.)?git\./;

function Properties({ run }: { run: RunRow }) {
  const all = Object.entries(run.properties).filter(([name]) => !OF_GIT.test(name));
  if (!all.length) return null;
  return (
    <section>
      <h2>{plural(all.length, "property", "properties")}</h2>
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
    </section>
  );
}
