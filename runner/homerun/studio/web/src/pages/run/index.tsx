/** One run: its bar of tools, and what there is to see of it. */

import type { ComponentType } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { duration } from "../../format";
import { experimentHref, go, href, later, place, runHref } from "../../route";
import { canCancel, cancel, fail, label, remove, resubmit } from "../../server/actions";
import { ApiError, get } from "../../server/api";
import { useLive } from "../../server/live";
import { experimentShown, isReadOnly, setTitle } from "../../state";
import type { RunRow } from "../../types";
import { Ago, Button, Failure, StatusMark, Took, Waiting } from "../../ui/basics";
import { Editable } from "../../ui/editable";
import { ReasonDialog, SecretsDialog } from "../../ui/forms";
import { Icon } from "../../ui/icon";
import { useKeys } from "../../ui/keys";
import { useLoaded, useNews, useThrottled } from "../../use";
import { Children } from "./children";
import { Code } from "./code";
import { Gone } from "./gone";
import { Logs } from "./logs";
import { Metrics } from "./metrics";
import { Outputs } from "./outputs";
import { Overview } from "./overview";
import { RawRecord } from "./record";
import { System } from "./system";
import type { TabProps } from "./tab";

const TABS: { path: string; title: string; part: ComponentType<TabProps> }[] = [
  { path: "overview", title: "Overview", part: Overview },
  { path: "metrics", title: "Metrics", part: Metrics },
  { path: "logs", title: "Logs", part: Logs },
  { path: "outputs", title: "Outputs", part: Outputs },
  { path: "children", title: "Children", part: Children },
  { path: "code", title: "Code", part: Code },
  { path: "system", title: "System", part: System },
  { path: "record", title: "JSON", part: RawRecord },
];
const RELOAD_MS = 700;

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
  const [dialog, setDialog] = useState<"" | "fail">("");
  const [hidden, setHidden] = useState<string[] | null>(null);
  const tab = TABS.find((one) => one.path === place.value.path[2]) ?? TABS[0];
  const canWrite = !isReadOnly();
  const { previous, next } = answer.siblings;
  const show = (path: string): void => go(runHref(run.id, path));
  const again = async (isByKey = false): Promise<void> => setHidden(await resubmit([run], undefined, isByKey));
  const discard = async (): Promise<void> => {
    const leave = later();
    if (await remove([run])) leave(experimentHref(run.experiment));
  };
  useKeys("Run", [
    ...TABS.map((one, at) => ({ keys: String(at + 1), does: one.title.toLowerCase(), run: () => show(one.path) })),
    { keys: "[", does: "previous run of the experiment", run: () => previous && go(runHref(previous, tab?.path)) },
    { keys: "]", does: "next run of the experiment", run: () => next && go(runHref(next, tab?.path)) },
    { keys: "s", does: "cancel the run", run: () => canWrite && canCancel(run) && void cancel([run], true) },
    { keys: "r", does: "resubmit the run", run: () => canWrite && void again(true) },
  ]);
  if (!tab) return null;
  return (
    <div class={`page ${["logs"].includes(tab.path) ? "is-full" : ""}`}>
      <div class="run-head">
        <header class="page-head is-run">
          <p class="crumbs">
            <a href={experimentHref(run.experiment)}>{run.experiment}</a>
            <span aria-hidden="true">/</span>
            <span>run {run.number}</span>
            {run.parent && (
              <>
                <span aria-hidden="true">·</span>
                <a href={runHref(run.parent)}>parent run</a>
              </>
            )}
            <Neighbour to={previous} tab={tab.path} label="Previous run" icon="left" />
            <Neighbour to={next} tab={tab.path} label="Next run" icon="right" />
          </p>
          <h1 tabIndex={-1}>
            <span class="number">#{run.number}</span> <Editable what="name" value={run.name} canEdit={canWrite} save={(name) => label([run], { name })} />
          </h1>
          <p class="facts">
            <StatusMark status={run.status} />
            <span>
              <Took run={run} />
            </span>
            {answer.details.silent_s && (
              <span class="badge" title="It prints, logs and computes nothing: it may hang">
                silent {duration(answer.details.silent_s)}
              </span>
            )}
            <span>
              submitted by {run.user ?? "an unknown user"} <Ago time={run.created} />
            </span>
          </p>
        </header>
        <div class="bar is-tools" role="toolbar" aria-label="Actions for this run">
          <Button icon="stop" disabled={!canWrite || !canCancel(run)} onClick={() => void cancel([run])}>
            Cancel
          </Button>
          <Button icon="flag" disabled={!canWrite || run.status === "Failed"} onClick={() => setDialog("fail")}>
            Mark as failed
          </Button>
          <Button icon="again" disabled={!canWrite} onClick={() => void again()}>
            Resubmit
          </Button>
          <Button icon="edit" disabled={!canWrite} onClick={() => go(href(["submit"], { run: run.id }))}>
            Edit and submit
          </Button>
          <Button icon="bin" disabled={!canWrite} onClick={() => void discard()}>
            Delete
          </Button>
        </div>
      </div>
      {error && <Failure error={error} />}
      <nav class="tabs" aria-label="Sections of the run">
        {TABS.map((one) => (
          <a key={one.path} href={runHref(run.id, one.path)} aria-current={one === tab ? "page" : undefined}>
            {one.title}
            {one.path === "children" && run.children > 0 && <span class="badge">{run.children}</span>}
          </a>
        ))}
      </nav>
      <tab.part run={run} answer={answer} reload={reload} />
      {dialog === "fail" && (
        <ReasonDialog title="Mark the run as failed" yes="Mark as failed" take={(reason) => void fail(run, reason)} close={() => setDialog("")} />
      )}
      {hidden && <SecretsDialog run={run} hidden={hidden} close={() => setHidden(null)} />}
    </div>
  );
}

function Neighbour({ to, tab, label: words, icon }: { to: string | null; tab: string; label: string; icon: "left" | "right" }) {
  if (!to)
    return (
      <span class="button is-bare is-square is-off">
        <Icon name={icon} />
      </span>
    );
  return (
    <a class="button is-bare is-square" href={runHref(to, tab)} aria-label={words} title={words}>
      <Icon name={icon} />
    </a>
  );
}
