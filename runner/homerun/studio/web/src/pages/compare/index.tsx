/** Some runs side by side: their curves, what differs, and what that did. */

import "./compare.css";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Bars } from "../../analysis/bars";
import { columnsOfRuns } from "../../analysis/fields";
import { Parallel } from "../../analysis/parallel";
import { Scatter } from "../../analysis/scatter";
import { Charts } from "../../chart/charts";
import { paintOf } from "../../chart/curve/paints";
import { tintsOf } from "../../chart/curve/tints";
import type { Name } from "../../chart/legend";
import { paintAmong } from "../../chart/lines";
import { colourOf } from "../../chart/model";
import { count } from "../../format";
import { go, here, place, runHref, turn } from "../../route";
import { get } from "../../server/api";
import { useLive } from "../../server/live";
import { setTitle } from "../../state";
import { nameOf } from "../../table/workspace";
import type { RunRow } from "../../types";
import { Button, Empty, Failure, PlaceLink, Waiting } from "../../ui/basics";
import { useKeys } from "../../ui/keys";
import { lazily } from "../../ui/lazy";
import { useLoaded, useThrottled } from "../../use";
import { Differences } from "./differences";

const Code = lazily(async () => (await import("./code")).Code);
const Media = lazily(async () => (await import("./media")).Media);
const Tables = lazily(async () => (await import("./tables")).Tables);
/** Where the numbers of runs are compared that their rows hold. */
const OF_ROWS: readonly string[] = ["charts", "parallel", "scatter", "bars"];

const READ_MS = 1500;
/** So many metrics of a run a row has. */
const METRICS = 50;

const TABS = [
  { name: "charts", title: "Charts" },
  { name: "differences", title: "Differences" },
  { name: "code", title: "Code" },
  { name: "parallel", title: "Parallel coordinates" },
  { name: "scatter", title: "Scatter" },
  { name: "bars", title: "Bars" },
  { name: "media", title: "Media" },
  { name: "tables", title: "Tables" },
] as const;

type Tab = (typeof TABS)[number]["name"];
type Tell = (names: readonly Name[]) => void;

export default function ComparePage() {
  const { query } = place.value;
  const ids = (query.get("ids") ?? "").split(",").filter(Boolean);
  const of = Number(query.get("of") ?? 0);
  const [told, tell] = useState<readonly Name[]>([]);
  const tab: Tab = TABS.find((one) => one.name === query.get("tab"))?.name ?? "charts";
  const loaded = useLoaded(
    async (abort) => {
      const asked = new Set(ids);
      return ids.length ? { asked, ...(await get("runs", { ids, metrics: ["*"], limit: 500 }, abort)) } : null;
    },
    [],
    [ids.join()],
  );
  const soon = useThrottled(loaded.reload, READ_MS);
  useEffect(() => setTitle("Compare"), []);
  useLive({ topics: ids.length ? ["runs"] : [] }, ({ event, data }) => {
    if (event === "reset" || (event === "runs" && data.changed.some((one) => ids.includes(one.id)))) soon();
  });
  useKeys("Compare", [...TABS.map((one, at) => ({ keys: String(at + 1), does: one.title.toLowerCase(), run: () => go(tabHref(one.name)) }))]);
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
      <Runs runs={runs} tab={tab} told={told} drop={(id) => turn({ ids: ids.filter((one) => one !== id).join(",") })} />
      <nav class="tabs" aria-label="Ways to compare">
        {TABS.map((one) => (
          <PlaceLink key={one.name} to={tabHref(one.name)} isHere={one.name === tab}>
            {one.title}
          </PlaceLink>
        ))}
      </nav>
      {shown(tab, runs, loaded.answered, tell)}
      {OF_ROWS.includes(tab) && runs.some((run) => Object.keys(run.metrics).length >= METRICS) && (
        <p class="dim">Of each run the first {METRICS} metrics are compared.</p>
      )}
    </div>
  );
}

/** The same runs in another tab; a step in the history. */
const tabHref = (tab: Tab): string => here({ tab: tab === "charts" ? null : tab });

function shown(tab: Tab, runs: RunRow[], round: number, tell: Tell): ComponentChildren {
  switch (tab) {
    case "differences":
      return <Differences runs={runs} round={round} />;
    case "code":
      return <Code runs={runs} />;
    case "parallel":
      return <Parallel runs={runs} />;
    case "scatter":
      return <Scatter runs={runs} />;
    case "bars":
      return <Bars runs={runs} />;
    case "media":
      return <Media runs={runs} round={round} />;
    case "tables":
      return <Tables runs={runs} round={round} />;
    default:
      return <Curves runs={runs} round={round} tell={tell} />;
  }
}

interface RunsProps {
  runs: RunRow[];
  tab: Tab;
  /** How the charts draw groups. */
  told: readonly Name[];
  drop: (id: string) => void;
}

function Runs({ runs, tab, told, drop }: RunsProps) {
  const token = tokensOf(tab, runs, told);
  return (
    <ul class="compared" aria-label="Runs">
      {runs.map((run, at) => (
        <li key={run.id} class="branch">
          <i class="dot" style={{ background: `var(${token(at)})` }} />
          <a href={runHref(run.id)} title={run.id}>
            {run.experiment} #{run.number}
            {run.name === run.id ? "" : ` ${run.name}`}
          </a>
          <Button icon="cross" kind="bare" label={`Remove run ${run.number}`} onClick={() => drop(run.id)} />
        </li>
      ))}
    </ul>
  );
}

/** The colour of each run, as its line has it, or that of its group. */
function tokensOf(tab: Tab, runs: RunRow[], told: readonly Name[]): (at: number) => string {
  const { query } = place.value;
  if (tab === "charts" && query.get("group")) return (at) => paintAmong(told, runs[at]?.id ?? "")?.token ?? "--dim";
  const column = tab === "charts" && columnsOfRuns(runs).find((one) => one.name === colourOf(query));
  const tints = column ? tintsOf(column) : null;
  return (at) => (tints?.paint(at) ?? paintOf(at)).token;
}

function Curves({ runs, round, tell }: { runs: RunRow[]; round: number; tell: Tell }) {
  const { query } = place.value;
  const groups = query.getAll("group").filter(Boolean);
  const base = runs.filter((run) => groups.length && run.id === query.get("base"));
  const columns = useMemo(() => columnsOfRuns(runs), [runs]);
  const several = new Set(runs.map((run) => run.experiment)).size > 1;
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].sort();
  if (!names.length) return <p class="dim">These runs have logged no numbers.</p>;
  return (
    <section>
      <h2 class="unseen">Metrics</h2>
      <Charts
        runs={runs.map((run, at) => ({ id: run.id, label: nameOf(run, several), colour: at }))}
        names={names}
        groups={groups}
        beside={base.map((run) => ({ id: run.id, label: `#${run.number} (baseline)` }))}
        tell={tell}
        columns={columns}
        group={(group) => turn({ group })}
        round={round}
      />
    </section>
  );
}
