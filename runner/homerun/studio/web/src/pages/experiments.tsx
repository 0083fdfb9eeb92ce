/** The experiments: what goes on in each, and how it went lately. */

import { Fragment } from "preact";
import { useEffect, useState } from "preact/hooks";
import { count, duration, figure, isEnded, percent, plural, soFar, statusWord } from "../format";
import { adjust, experimentHref, href, place, runHref } from "../route";
import { archive } from "../server/actions";
import { get } from "../server/api";
import { useLive } from "../server/live";
import { info, isReadOnly, setTitle } from "../state";
import type { ExperimentGoal, ExperimentRow, ExperimentsAnswer, TrendPoint } from "../types";
import { Ago, Button, Empty, Failure, RunLink, StatusMark, Switch, Tags, Took, Waiting } from "../ui/basics";
import { Icon } from "../ui/icon";
import { useKeys } from "../ui/keys";
import { type Loaded, useLoaded, useNews } from "../use";
import "./experiments.css";

const LATEST = 6;
/** While the store is being read no event tells how far that is. */
const REFRESH_MS = 2000;

export function ExperimentsPage() {
  const { query } = place.value;
  const text = query.get("find") ?? "";
  const withArchived = query.get("archived") === "1";
  const [loaded, all] = useExperiments(withArchived);
  const goals = useGoals(all);
  useEffect(() => setTitle("Experiments"), []);
  useKeys("Experiments", [{ keys: "/", does: "find an experiment", run: () => document.querySelector<HTMLElement>("#find-experiment")?.focus() }]);

  if (!all) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the experiments" />;
  const shown = all.filter((one) => matches(one, text));
  const active = all.reduce((sum, one) => sum + one.active, 0);
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Experiments</h1>
        <span class="dim" role="status">
          {active ? plural(active, "active run") : "No active runs"}
          {soFar(loaded.data?.unread ?? null)}
        </span>
      </header>
      {all.length === 0 ? (
        <Empty title="No experiments yet">
          <p>
            The first run makes one. <a href={href(["submit"])}>Submit a run</a>, or in a shell:
          </p>
          <pre>homerun run submit-script -e my-experiment train.py</pre>
          <p class="dim">Studio shows the store {info.value?.store}</p>
        </Empty>
      ) : (
        <>
          <div class="bar">
            <input
              id="find-experiment"
              type="search"
              aria-label="Find an experiment"
              placeholder="Find by name, tag or submitter"
              value={text}
              onInput={(event) => adjust({ find: event.currentTarget.value })}
            />
            <Switch label="Include archived" on={withArchived} change={(on) => adjust({ archived: on ? 1 : null })} />
          </div>
          <Table shown={shown} goals={goals} reload={loaded.reload} />
          {shown.length === 0 && (
            <Empty title="No matching experiments">
              <Button onClick={() => adjust({ find: null })}>Show all</Button>
            </Empty>
          )}
        </>
      )}
    </div>
  );
}

/** The experiments, kept up to date by what events tell. */
function useExperiments(withArchived: boolean): [Loaded<ExperimentsAnswer>, ExperimentRow[] | null] {
  const loaded = useLoaded((abort) => get("experiments", { archived: withArchived }, abort), [], [withArchived]);
  const [news, tell] = useNews<ExperimentRow | null>(loaded);
  const isPart = !!loaded.data?.unread;
  useEffect(() => {
    const timer = isPart && setInterval(loaded.reload, REFRESH_MS);
    return () => void (timer && clearInterval(timer));
  }, [isPart]);
  useLive({ topics: ["experiments"] }, ({ event, data }) => {
    if (event === "reset") return loaded.reload();
    if (event !== "experiments") return;
    tell([...data.changed.map((one): [string, ExperimentRow] => [one.name, one]), ...data.removed.map((name): [string, null] => [name, null])]);
  });
  return [loaded, loaded.data && fresh(loaded.data.experiments, news).filter((one) => withArchived || !one.archived)];
}

type Goals = ReadonlyMap<string, ExperimentGoal>;

/** How the runs of each have ended, and the best of them; read again when that may be another. */
function useGoals(all: ExperimentRow[] | null): Goals {
  const ended = (all ?? []).map((one) => [one.name, one.runs - one.active]).join();
  const loaded = useLoaded((abort) => (all ? get("home", {}, abort) : Promise.resolve(null)), [], [ended]);
  return new Map(loaded.data?.experiments.map((one): [string, ExperimentGoal] => [one.name, one]));
}

/** All that are not archived, with their goals, as a part of another page. */
export function Experiments({ goals }: { goals: Goals }) {
  const [loaded, all] = useExperiments(false);
  if (!all) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the experiments" />;
  return <Table shown={all} goals={goals} reload={loaded.reload} />;
}

function Table({ shown, goals, reload }: { shown: ExperimentRow[]; goals: Goals; reload: () => void }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (name: string): void => {
    const next = new Set(open);
    if (!next.delete(name)) next.add(name);
    setOpen(next);
  };
  return (
    <div class="scrolled" tabIndex={0} role="region" aria-label="Experiments">
      <table class="plain is-lined experiments">
        <thead>
          <tr>
            <th>Experiment</th>
            <th class="is-number">Active</th>
            <th class="is-number is-extra">Runs</th>
            <th>Last run</th>
            <th class="is-number">Duration</th>
            <th class="is-extra">When</th>
            <th class="is-extra">Last 20 runs</th>
            <th class="is-number is-extra">Failed</th>
            <th class="is-number is-extra">Best</th>
            <td class="is-extra" />
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <Fragment key={one.name}>
              <Row experiment={one} goal={goals.get(one.name)} isOpen={open.has(one.name)} toggle={() => toggle(one.name)} reload={reload} />
              {open.has(one.name) && <Latest experiment={one} columns={10} />}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function fresh(known: ExperimentRow[], news: ReadonlyMap<string, ExperimentRow | null>): ExperimentRow[] {
  const all = new Map<string, ExperimentRow | null>(known.map((one) => [one.name, one]));
  for (const [name, one] of news) all.set(name, one);
  return [...all.values()].filter((one) => one !== null).sort((a, b) => a.name.localeCompare(b.name));
}

function matches(experiment: ExperimentRow, text: string): boolean {
  const tags = Object.entries(experiment.tags).flat();
  const words = [experiment.name, experiment.last?.user, experiment.last?.description, ...tags].join(" ").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word));
}

interface RowProps {
  experiment: ExperimentRow;
  goal: ExperimentGoal | undefined;
  isOpen: boolean;
  toggle: () => void;
  reload: () => void;
}

function Row({ experiment, goal, isOpen, toggle, reload }: RowProps) {
  const { last } = experiment;
  return (
    <tr>
      <th scope="row">
        <span class="branch">
          <button type="button" class="fold" aria-expanded={isOpen} aria-label={`Latest runs of ${experiment.name}`} onClick={toggle}>
            <Icon name={isOpen ? "down" : "right"} />
          </button>
          <a href={experimentHref(experiment.name)}>{experiment.name}</a>
          {experiment.archived && <span class="badge">archived</span>}
          <Tags tags={experiment.tags} />
        </span>
      </th>
      <td class="is-number">
        {experiment.active ? (
          <a class="badge is-live" href={experimentHref(experiment.name)}>
            {count(experiment.active)}
          </a>
        ) : (
          <span class="dim">0</span>
        )}
      </td>
      <td class="is-number is-extra">{count(experiment.runs)}</td>
      <td>
        {last && (
          <span class="last">
            <RunLink run={last} /> <StatusMark status={last.status} />
          </span>
        )}
      </td>
      <td class="is-number">{last && <Took run={last} />}</td>
      <td class="is-extra">{last && <Ago time={last.created} />}</td>
      <td class="is-extra">
        <Trend points={experiment.trend} />
      </td>
      <td class="is-number is-extra">{goal && (goal.failed ? percent((100 * goal.failed) / goal.ended) : <span class="dim">0</span>)}</td>
      <td class="is-number is-extra">{goal && <Best goal={goal} />}</td>
      <td class="is-extra is-number">
        <Button
          icon={experiment.archived ? "back" : "archive"}
          kind="bare"
          label={experiment.archived ? `Restore ${experiment.name}` : `Archive ${experiment.name}`}
          disabled={isReadOnly()}
          onClick={() => void archive(experiment.name, !experiment.archived, reload)}
        />
      </td>
    </tr>
  );
}

function Best({ goal: { goal } }: { goal: ExperimentGoal }) {
  if (!goal?.best) return null;
  return (
    <a href={runHref(goal.best.run_id)}>
      {goal.metric} {figure(goal.best.value)}
    </a>
  );
}

/** A bar for each run: as high as it took long, coloured by how it ended. */
function Trend({ points }: { points: TrendPoint[] }) {
  const most = Math.max(0.001, ...points.map((one) => one.duration_s ?? 0));
  const failed = points.filter((one) => one.status === "Failed").length;
  return (
    <span class="trend" role="img" aria-label={`${points.length} runs, ${failed} failed`}>
      {points.map((one) => (
        <span
          key={one.id}
          class={`is-${one.status}`}
          title={`#${one.number} ${statusWord(one.status)} ${duration(one.duration_s)}`}
          style={{ height: `${3 + (17 * Math.min(most, one.duration_s ?? most)) / most}px` }}
        />
      ))}
    </span>
  );
}

/** The runs of the trend, those that go on before the others. */
function Latest({ experiment, columns }: { experiment: ExperimentRow; columns: number }) {
  const points = [...experiment.trend].reverse();
  const shown = [...points.filter((one) => !isEnded(one.status)), ...points.filter((one) => isEnded(one.status))].slice(0, LATEST);
  return (
    <tr class="latest">
      <td colSpan={columns}>
        <ul>
          {shown.map((one) => (
            <li key={one.id}>
              <a href={runHref(one.id)}>#{one.number}</a>
              <StatusMark status={one.status} />
              <span>
                <Took run={one} />
              </span>
              <span class="dim">
                <Ago time={one.created} />
              </span>
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}
