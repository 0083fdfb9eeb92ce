/** One run: its bar of tools, and what there is to see of it. */

import type { ComponentType } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { carried } from "../../chart/model";
import { count } from "../../format";
import { go, place, runHref } from "../../route";
import { ApiError, get } from "../../server/api";
import { useLive } from "../../server/live";
import { experimentShown, setTitle } from "../../state";
import type { RunAnswer, RunRow } from "../../types";
import { Failure, PlaceLink, Waiting } from "../../ui/basics";
import { Boundary } from "../../ui/boundary";
import { useKeys } from "../../ui/keys";
import { lazily } from "../../ui/lazy";
import { useLoaded, useNews, useThrottled } from "../../use";
import { Children } from "./children";
import { Gone } from "./gone";
import { Head } from "./head";
import { Logs } from "./logs";
import { Metrics } from "./metrics";
import { Overview } from "./overview/overview";
import { RawRecord } from "./record";
import { System } from "./system";
import type { TabProps } from "./tab";
import "./run.css";

const Code = lazily<TabProps>(async () => (await import("./code/code")).Code);
const Media = lazily<TabProps>(async () => (await import("./media/media")).Media);
const Outputs = lazily<TabProps>(async () => (await import("./files/outputs")).Outputs);

interface Tab {
  path: string;
  title: string;
  part: ComponentType<TabProps>;
  /** How much there is; none is not said. */
  count?: (run: RunRow, answer: RunAnswer) => number;
}

const TABS: Tab[] = [
  { path: "overview", title: "Overview", part: Overview },
  { path: "metrics", title: "Metrics", part: Metrics, count: (_, { counts }) => counts.metrics },
  { path: "media", title: "Media", part: Media, count: (_, { counts }) => counts.media },
  { path: "logs", title: "Logs", part: Logs },
  { path: "outputs", title: "Files", part: Outputs, count: (_, { counts }) => counts.files },
  { path: "children", title: "Children", part: Children, count: (run) => run.children },
  { path: "code", title: "Code", part: Code },
  { path: "system", title: "System", part: System },
  { path: "record", title: "JSON", part: RawRecord },
];
const RELOAD_MS = 700;
/** Files are counted up to here. */
const MOST_COUNTED = 2000;

/** What scrolls by itself has the height that is left. */
const isFull = (tab: Tab, run: RunRow): boolean => tab.path === "logs" || (tab.path === "children" && run.children > 0);

export function RunPage({ id }: { id: string }) {
  const loaded = useLoaded((abort) => get("runs/{id}", { id }, abort), [id]);
  const [news, tell] = useNews<RunRow>(loaded);
  const answer = loaded.data;
  const whole = answer?.run.id ?? id;
  const run = news.get(whole) ?? answer?.run ?? null;
  const soon = useThrottled(loaded.reload, RELOAD_MS);
  useLive({ topics: [`run:${whole}`] }, ({ event, data }) => {
    if (event === "reset") soon();
    if (event !== "run" || data.id !== whole) return;
    tell([[whole, data.run]]);
    soon();
  });
  useLayoutEffect(() => {
    if (!run) return;
    setTitle(`${run.experiment} #${run.number}`, run.status);
    experimentShown.current = run.experiment;
    return () => {
      experimentShown.current = null;
    };
  }, [run?.id, run?.status]);
  if (loaded.error instanceof ApiError && loaded.error.code === "not_found") return <Gone id={whole} error={loaded.error} retry={loaded.reload} />;
  if (!answer || !run) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the run" />;
  return <RunView run={run} answer={answer} reload={loaded.reload} error={loaded.error} />;
}

function RunView({ run, answer, reload, error }: TabProps & { error: Error | null }) {
  const tab = TABS.find((one) => one.path === place.value.path[2]) ?? TABS[0];
  const { previous, next } = answer.siblings;
  const charts = carried(place.value.query);
  const show = (path: string): void => go(runHref(run.id, path, charts));
  useKeys("Run", [
    ...TABS.map((one, at) => ({ keys: String(at + 1), does: one.title.toLowerCase(), run: () => show(one.path) })),
    { keys: "[", does: "previous run of the experiment", run: () => previous && go(runHref(previous, tab?.path, charts)) },
    { keys: "]", does: "next run of the experiment", run: () => next && go(runHref(next, tab?.path, charts)) },
  ]);
  if (!tab) return null;
  return (
    <div class={`page ${isFull(tab, run) ? "is-full" : ""}`}>
      <Head run={run} answer={answer} tab={tab.path} />
      {error && <Failure error={error} />}
      <nav class="tabs" aria-label="Sections of the run">
        {TABS.map((one) => (
          <PlaceLink key={one.path} to={runHref(run.id, one.path, charts)} isHere={one === tab}>
            {one.title}
            <Count value={one.count?.(run, answer) ?? 0} />
          </PlaceLink>
        ))}
      </nav>
      <Boundary key={`${run.id}/${tab.path}`} what={`The section ${tab.title}`}>
        <tab.part run={run} answer={answer} reload={reload} />
      </Boundary>
    </div>
  );
}

function Count({ value }: { value: number }) {
  if (value < 1) return null;
  return <span class="badge">{value > MOST_COUNTED ? `${count(MOST_COUNTED)}+` : count(value)}</span>;
}
