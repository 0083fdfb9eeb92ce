/** Some runs side by side: what differs, and their metrics in one chart each. */

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Charts } from "../chart/charts";
import { paintOf } from "../chart/paints";
import { count, duration, figure, joinWords, memory, moment, toNumber, took } from "../format";
import { adjust, place, runHref } from "../route";
import { get } from "../server/api";
import { useLive } from "../server/live";
import { setTitle } from "../state";
import { parameter } from "../table/columns";
import type { RunRow } from "../types";
import { Button, Empty, Failure, StatusMark, Switch, Waiting } from "../ui/basics";
import { useLoaded, useRemembered, useThrottled } from "../use";

const READ_MS = 1500;
/** So many metrics of a run a row has. */
const METRICS = 50;

export function ComparePage() {
  const ids = (place.value.query.get("ids") ?? "").split(",").filter(Boolean);
  const of = Number(place.value.query.get("of") ?? 0);
  const loaded = useLoaded(
    async (abort) => {
      const asked = new Set(ids);
      return ids.length ? { asked, ...(await get("runs", { ids, metrics: ["*"], limit: 500 }, abort)) } : null;
    },
    [ids.join()],
  );
  const soon = useThrottled(loaded.reload, READ_MS);
  useEffect(() => setTitle("Compare"), []);
  useLive({ topics: ids.length ? ["runs"] : [] }, ({ event, data }) => {
    if (event === "reset" || (event === "runs" && data.changed.some((one) => ids.includes(one.id)))) soon();
  });
  if (!ids.length) {
    return (
      <Empty title="Nothing to compare">
        <p>
          Select runs in the <a href="#/runs">table</a>, then click Compare.
        </p>
      </Empty>
    );
  }
  // After one of the runs is taken out, the former answer still has the others.
  if (!loaded.data || !ids.every((id) => loaded.data?.asked.has(id)))
    return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the runs" />;
  const found = new Map(loaded.data.runs.map((run) => [run.id, run]));
  const runs = ids.map((id) => found.get(id)).filter((run) => run !== undefined);
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Compare {runs.length} runs</h1>
        {of > ids.length && (
          <span class="dim" role="status">
            the first of {count(of)} that were selected
          </span>
        )}
        {runs.length < ids.length && <span class="dim">{ids.length - runs.length} of them were deleted</span>}
      </header>
      <Table runs={runs} drop={(id) => adjust({ ids: ids.filter((one) => one !== id).join(",") })} />
      <Curves runs={runs} round={loaded.answered} />
    </div>
  );
}

interface Line {
  area: string;
  name: string;
  text: (run: RunRow) => string;
  number?: (run: RunRow) => number | null;
  shown?: (run: RunRow) => ComponentChildren;
}

function linesOf(runs: RunRow[]): Line[] {
  const keys = (of: (run: RunRow) => object): string[] => [...new Set(runs.flatMap((run) => Object.keys(of(run))))].sort();
  return [
    { area: "Run", name: "Status", text: (run) => run.status, shown: (run) => <StatusMark status={run.status} /> },
    { area: "Run", name: "Duration", text: (run) => duration(took(run)), number: took },
    { area: "Run", name: "CPU time", text: (run) => duration(run.cpu_s), number: (run) => run.cpu_s },
    { area: "Run", name: "Memory", text: (run) => memory(run.memory_kib), number: (run) => run.memory_kib },
    { area: "Run", name: "Created", text: (run) => moment(run.created) },
    { area: "Run", name: "Submitted by", text: (run) => run.user ?? "" },
    { area: "Run", name: "Target", text: (run) => run.target ?? "" },
    { area: "Run", name: "Description", text: (run) => run.description ?? "" },
    { area: "Run", name: "Command", text: (run) => joinWords([run.script ?? "", ...run.arguments]) },
    ...keys((run) => run.params).map((name) => ({ area: "Parameters", name, text: (run: RunRow) => parameter(run.params[name]) })),
    ...keys((run) => run.metrics).map((name) => ({
      area: "Metrics",
      name,
      text: (run: RunRow) => figure(toNumber(run.metrics[name]?.last)),
      number: (run: RunRow) => toNumber(run.metrics[name]?.last),
    })),
    ...keys((run) => run.tags).map((name) => ({ area: "Tags", name, text: (run: RunRow) => (name in run.tags ? (run.tags[name] ?? "✓") : "") })),
    ...keys((run) => run.properties).map((name) => ({ area: "Properties", name, text: (run: RunRow) => run.properties[name] ?? "" })),
  ];
}

function Table({ runs, drop }: { runs: RunRow[]; drop: (id: string) => void }) {
  const [isShort, setShort] = useRemembered("compare.short", true);
  const all = linesOf(runs);
  const lines = isShort && runs.length > 1 ? all.filter((line) => new Set(runs.map(line.text)).size > 1) : all;
  const [first] = runs;
  return (
    <>
      <div class="bar">
        <Switch label="Only differences" on={isShort} change={setShort} />
        <span class="dim">Differences are relative to the first run.</span>
        {runs.some((run) => Object.keys(run.metrics).length >= METRICS) && <span class="dim">Of each run the first {METRICS} metrics are compared.</span>}
      </div>
      <div class="scrolled is-comparison" tabIndex={0} role="region" aria-label="Comparison">
        <table class="plain is-lined compare">
          <thead>
            <tr>
              <td />
              {runs.map((run, at) => (
                <th key={run.id} scope="col">
                  <span class="branch">
                    <i class="dot" style={{ background: `var(${paintOf(at).token})` }} />
                    <a href={runHref(run.id)} title={run.id}>
                      {run.experiment} #{run.number}
                    </a>
                    <Button icon="cross" kind="bare" label={`Remove run ${run.number}`} onClick={() => drop(run.id)} />
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((line, at) => (
              <tr key={`${line.area} ${line.name}`} class={lines[at - 1]?.area !== line.area ? "is-first" : ""}>
                <th scope="row">
                  {lines[at - 1]?.area !== line.area && line.area !== "Run" && <span class="area">{line.area}</span>}
                  {line.name}
                </th>
                {runs.map((run) => (
                  <td key={run.id}>
                    {line.shown ? line.shown(run) : line.text(run)}
                    {line.number && first && run !== first && <Delta value={line.number(run)} from={line.number(first)} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {lines.length === 0 && <p class="dim">These runs do not differ.</p>}
      </div>
    </>
  );
}

function Delta({ value, from }: { value: number | null; from: number | null }) {
  if (value === null || from === null || !from || value === from || !Number.isFinite(value / from)) return null;
  return <span class="dim delta">{difference(value, from)}</span>;
}

/** In percent as long as that says something; of what is ten times as large or more, how many times. */
function difference(value: number, from: number): string {
  const share = ((value - from) / Math.abs(from)) * 100;
  if (value / from >= 10) return `×${rounded(value / from)}`;
  return Math.abs(share) < 1000 ? `${share > 0 ? "+" : "−"}${rounded(Math.abs(share))} %` : `${value > from ? "+" : "−"}${figure(Math.abs(value - from))}`;
}

/** Two digits, and never a power of ten where the digits have room. */
const rounded = (value: number): string => (value < 1e6 ? String(Number(value.toPrecision(2))) : value.toPrecision(2));

function Curves({ runs, round }: { runs: RunRow[]; round: number }) {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].sort();
  if (!names.length) return null;
  return (
    <section>
      <h2>Metrics</h2>
      <Charts runs={runs.map((run, at) => ({ id: run.id, label: `#${run.number}`, colour: at }))} names={names} round={round} />
    </section>
  );
}
