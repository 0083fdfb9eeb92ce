/** A table of runs: filter, order, groups, columns, charts beside it, and actions for those that are selected. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { count, soFar } from "../../format";
import { adjust, go, href, place, recallStep, rememberStep, turn } from "../../route";
import { canCancel, cancel, cancelAll, labelAll, remove, removeAll, resubmit } from "../../server/actions";
import { address, download, get } from "../../server/api";
import { useLive } from "../../server/live";
import { progress } from "../../server/meant";
import { info, isReadOnly } from "../../state";
import { ColumnChooser } from "../../table/column-chooser";
import { fieldWritten, flipped, valueWritten, withValue } from "../../table/filter/conditions";
import { FilterBox } from "../../table/filter/filter-box";
import { QuickFilters } from "../../table/filter/quick-filters";
import type { HeadingActs } from "../../table/heading";
import { RunPages } from "../../table/pages";
import { type Place, RunsTable } from "../../table/runs-table";
import { freshened, hidden, isElsewhere, meant, NONE, read, rows, type Selection, sizeOf, written } from "../../table/selection";
import { type Lists, viewShown } from "../../table/views/views";
import { Eye, type Eyes, SHOWS, type Show, shareOf, showOf, TITLES, useEyes, Workspace } from "../../table/workspace";
import type { Queries, RunRow } from "../../types";
import { Button, Empty } from "../../ui/basics";
import { complain, say } from "../../ui/dialog";
import { SecretsDialog, TagDialog } from "../../ui/forms";
import { type Key, useKeys } from "../../ui/keys";
import { useLoaded, useRemembered, useThrottled } from "../../use";
import { GroupChoice, groupable } from "./group-choice";
import { asked, type Scope } from "./scope";
import { useShownColumns } from "./shown-columns";
import "./runs.css";

const MOST_COMPARED = 50;
const MOST_CHARTED = 50;
const MOST_IN_REPORT = 100;
const MOST_IN_RANGE = 10_000;
const MOST_RESUBMITTED = 1000;
const READ_AT_ONCE = 500;
const REFRESH_MS = 1500;
/** Of so few runs that match a selection holds the rows. */
const FEW = 200;

/** What stands above the table can tell of it. */
export interface Told {
  /** How many runs there are, as a part of the page. */
  total: ComponentChildren;
  /** Whether the first rows are there. */
  isRead: boolean;
  asked: Queries["runs"];
  /** The columns that these runs want; as long as they are not known those of the last time. */
  usual: readonly string[];
  /** The metrics that are shown. */
  metrics: readonly string[];
  /** What this browser remembers of the table and the address does not say. */
  remembered: Lists;
  /** Counts up when runs have changed. */
  changes: number;
}

interface Props {
  scope: Scope;
  head: (told: Told) => ComponentChildren;
  /** Stands behind the filter. */
  more?: ComponentChildren;
  keys?: Key[];
}

/** A table of runs, with all that can be done with it; its state is in the address. */
export function Runs({ scope, head, more, keys: moreKeys = [] }: Props) {
  const { query } = place.value;
  const { experiment, parent, withChildren } = scope;
  const where = query.getAll("where");
  const sort = query.get("sort") ?? "";
  const group = query.getAll("group").filter(Boolean);
  const isFiltered = where.length > 0;
  const among = asked(scope, where);
  const fields = useLoaded(
    (abort) => get("fields", { experiment, children: withChildren, where: asked(scope, []).where }, abort),
    [experiment, parent],
    [withChildren],
  );
  const { keys, columns, metrics, pins, widths, standard, usual, kept, hasCharts, setKeys, setWidth } = useShownColumns(scope, fields.data);

  const [selection, setSelection] = useState<Selection>(() => read(query.get("sel") ?? "", recallStep("selection")));
  /** How many runs were asked for, where a range has more than can be selected. */
  const [cutFrom, setCutFrom] = useState<number | null>(null);
  const choose = (next: Selection, wanted = 0): void => {
    setSelection(next);
    setCutFrom(wanted > MOST_IN_RANGE ? wanted : null);
    const { sel, kept: beside } = written(next);
    adjust({ sel });
    rememberStep("selection", beside);
  };
  const [isChoosing, setChoosing] = useState(false);
  const [dialog, setDialog] = useState<"" | "columns" | "tags">("");
  const [draft, setDraft] = useState({ text: "", asked: 0 });
  const [secrets, setSecrets] = useState<{ run: RunRow; hidden: string[] } | null>(null);
  const seen = useRef([0, 0] as [number, number]);

  // Beside the table of an experiment stand its charts; below a run there is a picture already.
  const [lastShown, keepShown] = useRemembered<Show | null>(parent === null ? "show" : "show.children", null);
  const show = showOf(query.get("show"), lastShown, !!experiment && parent === null && hasCharts);
  const present = (next: Show): void => {
    keepShown(next);
    adjust({ show: next });
  };
  const [added, takenOut] = [listIn(query.get("on")), listIn(query.get("off"))];
  const [round, setRound] = useState(0);
  const question: Queries["runs"] = { ...among, sort, group };
  const key = JSON.stringify(question);
  const baselineId = query.get("base");
  const baseline = useBaseline(baselineId, metrics, round);
  const eyes = useEyes(question, show !== "table", added, takenOut, round, baseline);
  const see = (run: RunRow, isShown: boolean): void =>
    adjust({
      on: (isShown ? [...added.filter((id) => id !== run.id), run.id] : added.filter((id) => id !== run.id)).join(","),
      off: (isShown ? takenOut.filter((id) => id !== run.id) : [...takenOut, run.id]).join(","),
    });
  const pages = useMemo(() => new RunPages(question, isFiltered), [key]);
  // Other columns are no other rows: what is marked, chosen and scrolled to stays.
  useLayoutEffect(() => pages.hold(metrics, ...seen.current), [pages, metrics.join()]);

  const refresh = useThrottled(() => pages.refresh(...seen.current), REFRESH_MS);
  const [changes, setChanges] = useState(0);
  const tell = useThrottled(() => setChanges((value) => value + 1), REFRESH_MS);
  useLive({ topics: ["runs"], metrics, experiment: (parent === null && experiment) || undefined }, ({ event, data }) => {
    if (event === "reset") return refresh();
    if (event !== "runs") return;
    const { removed } = data;
    const changed = parent === null ? data.changed : data.changed.filter((run) => run.parent === parent);
    if (!changed.length && !removed.length) return;
    tell();
    // Rows and what their groups come to are told by one answer, or they would contradict each other until it is there.
    const isStrange = group.length ? changed.some((run) => pages.rowOf(run.id) === null) : pages.update(changed);
    const isDrawn = (run: RunRow): boolean => eyes.number(run.id) !== null || eyes.mayLack(run) || run.id === baselineId;
    if (isStrange || removed.length || changed.some(isDrawn)) setRound((value) => value + 1);
    if (isStrange || removed.length || sort || group.length || where.length) refresh();
    const isOfThem = (id: string): boolean => selection.runs.has(id);
    if (changed.some((run) => isOfThem(run.id)) || removed.some(isOfThem)) setSelection((former) => freshened(former, changed, removed));
  });
  // By Back, or by a link, another selection may be meant.
  const sel = query.get("sel") ?? "";
  useLayoutEffect(() => {
    if ((written(selection).sel ?? "") !== sel) setSelection(read(sel, recallStep("selection")));
  }, [sel]);
  const size = sizeOf(selection);
  // The rows of another question have no ticks then, and the first that is ticked begins again.
  const isOther = isElsewhere(selection, among);
  const out = useHidden(among, selection, isFiltered);

  /** Do something with the rows of what is selected. */
  const withRows = (act: (runs: RunRow[]) => unknown, most = MOST_IN_RANGE): void => chosenSoon(rows(selection, most).then((found) => void act(found)));
  const compare = (): void =>
    withRows((found) => {
      const all = baseline ? [baseline, ...found.filter((run) => run.id !== baseline.id)] : found;
      const ids = all.slice(0, MOST_COMPARED).map((run) => run.id);
      go(href(["compare"], { ids: ids.join(","), of: size > MOST_COMPARED ? size : null, base: baseline?.id }));
    }, MOST_COMPARED);
  const again = (): void =>
    withRows(async (found) => {
      const hidden = await resubmit(found);
      if (hidden && found[0]) setSecrets({ run: found[0], hidden });
    });
  const stop = (isByKey = false): void => {
    const { all } = selection;
    if (all) void cancelAll(all, [...selection.runs.keys()]);
    else withRows((found) => found.some(canCancel) && cancel(found, isByKey));
  };
  const drop = (): void => {
    const { all } = selection;
    const done = (isDone: boolean): void => void (isDone && choose(NONE));
    if (all) void removeAll(all, [...selection.runs.keys()]).then(done);
    else withRows((found) => remove(found).then(done));
  };
  const tag = (): void => setDialog("tags");
  /** Of what is selected, else of all that is shown. */
  const report = async (): Promise<void> => {
    const charts = { metrics: shownMetrics(keys), title: viewShown()?.name ?? experiment };
    const ids = size ? (await rows(selection, MOST_IN_REPORT + 1)).map((run) => run.id) : [];
    if (ids.length > MOST_IN_REPORT) return say(`A report has at most ${MOST_IN_REPORT} runs, and ${count(size)} are selected.`, true);
    const of = ids.length ? { ids } : { ...among, sort };
    await download(address("report", { ...of, ...charts })).catch(complain);
  };
  const latest = useRef(key);
  latest.current = key;
  const chooseAll = async (): Promise<void> => {
    const few = await get("runs", { ...question, metrics, limit: FEW });
    if (few.total <= FEW) {
      if (latest.current === key) choose({ runs: new Map(few.runs.map((run) => [run.id, run])), all: null });
      return;
    }
    const all = await meant(among);
    if (all && latest.current === key) choose({ runs: new Map(), all });
  };
  /** All runs from one to another, also those that were never in view. */
  const chooseRange = async (from: Place, to: Place, isShown: (row: number) => boolean): Promise<void> => {
    const [first, last] = from.row < to.row ? [from.row, to.row + 1] : [to.row, from.row + 1];
    const begin = from.row < to.row ? first : Math.max(first, last - MOST_IN_RANGE);
    const { found } = await rowsOf({ ...question, metrics }, begin, Math.min(last, begin + MOST_IN_RANGE));
    if (latest.current !== key) return;
    if (found[from.row - begin]?.id !== from.id) throw new Error("The order of the runs has changed meanwhile: select them again.");
    const kept = found.filter((_, at) => isShown(begin + at));
    const known = selection.all ? [] : [...selection.runs];
    choose({ runs: new Map([...known, ...kept.map((run): [string, RunRow] => [run.id, run])]), all: null }, last - first);
  };
  /** Until it is known what is chosen, no key and no button acts on it. */
  const chosenSoon = (choice: Promise<void>): void => {
    setChoosing(true);
    void choice.catch(complain).finally(() => setChoosing(false));
  };
  const canWrite = !isReadOnly();
  const isAny = size > 0 && !isChoosing && !progress.value;
  const isManyToo = size > MOST_RESUBMITTED;
  const filter = (next: string[]): void => turn({ where: next });
  const take = (field: string, value: string, isExcluded: boolean): void => {
    const [name, word] = [fieldWritten(field), value === "" ? "" : valueWritten(value)];
    if (isExcluded) filter([...new Set([...where, word ? `${name} != ${word}` : `${name} != ""`])]);
    else filter(word ? withValue(where, name, word) : flipped(where, name));
  };
  const acts: HeadingActs = {
    sort: (next) => turn({ sort: next }),
    filter: (name) => setDraft((former) => ({ text: `${fieldWritten(name)} `, asked: former.asked + 1 })),
    group: (name) => turn({ group: group.includes(name) ? group.filter((one) => one !== name) : [...group, name] }),
    pin: (name, isPinned) => adjust({ pins: (isPinned ? [...pins, name] : pins.filter((one) => one !== name)).join(",") }),
    hide: (name) => setKeys(keys.filter((one) => one !== name)),
    move: (name, before) => setKeys(moved(keys, name, keys.indexOf(before))),
    shift: (name, by) => setKeys(moved(keys, name, keys.indexOf(name) + by)),
    canGroup: (name) => groupable(known ?? []).includes(name),
  };
  // The former rows stay until those that a new filter or order asks for are there, but nothing acts on them. Where the
  // filter is refused they go: they are no answer to it.
  const error = pages.error.value;
  const isAnswered = pages.total.value !== null;
  const isBusy = isChoosing || (!isAnswered && !error);
  const former = useRef(pages);
  if (isAnswered) former.current = pages;
  const shown = error && !isAnswered ? pages : former.current;
  const total = shown.total.value;
  const unread = shown.unread.value;
  // The last answer of a store that is being read says so as well: nothing else asks again.
  useEffect(() => {
    const timer = unread && setInterval(refresh, REFRESH_MS);
    return () => void (timer && clearInterval(timer));
  }, [pages, unread !== null]);
  useEffect(() => pages.need(0, 0), [pages]);
  const known = fields.data?.fields ?? null;
  const remembered: Lists = { ...(kept && !query.has("columns") ? { columns: [kept.join(",")] } : {}), show: [show] };
  const runKeys = [
    { keys: "c", does: "compare the selected runs", run: () => isAny && compare() },
    { keys: "t", does: "tag the selected runs", run: () => isAny && canWrite && tag() },
    { keys: "s", does: "cancel the selected runs", run: () => isAny && canWrite && stop(true) },
    { keys: "v", does: "table, split or charts", run: () => present(SHOWS[(SHOWS.indexOf(show) + 1) % SHOWS.length] ?? "table") },
    { keys: "o", does: "choose columns", run: () => setDialog("columns") },
    { keys: "u", does: "clear the selection", run: () => choose(NONE) },
    ...moreKeys,
  ];
  useKeys("Runs", runKeys, !isBusy);
  return (
    <>
      {head({
        total: <Total pages={shown} isBusy={isBusy} />,
        isRead: isAnswered,
        asked: question,
        usual,
        metrics,
        remembered,
        changes,
      })}
      <div class="bar">
        <FilterBox
          where={where}
          change={filter}
          fields={known ?? (fields.error ? [] : null)}
          experiment={experiment}
          error={error?.message ?? null}
          draft={draft}
        />
        <QuickFilters where={where} change={filter} metrics={shownMetrics(keys)} />
        <GroupChoice group={group} fields={known ?? []} change={(next) => turn({ group: next })} />
        {more}
      </div>
      <div class="bar is-tools" role="toolbar" aria-label="Actions for the selected runs">
        <span class="chosen-count" role="status">
          {progress.value?.text ?? said(size, cutFrom, out, isOther)}
        </span>
        {progress.value && (
          <Button icon="stop" onClick={progress.value.stop}>
            Stop
          </Button>
        )}
        <span class={`of-chosen ${size ? "" : "is-idle"}`}>
          <Button icon="compare" disabled={!isAny} onClick={compare}>
            Compare
          </Button>
          <Button icon="tag" disabled={!isAny || !canWrite} onClick={tag}>
            Tag
          </Button>
          <Button icon="stop" disabled={!isAny || !canWrite || !mayCancel(selection)} onClick={() => stop()}>
            Cancel
          </Button>
          <Button
            icon="again"
            disabled={!isAny || !canWrite || isManyToo}
            hint={isManyToo ? `At most ${count(MOST_RESUBMITTED)} runs are resubmitted at once` : undefined}
            onClick={again}
          >
            Resubmit
          </Button>
          <Button icon="bin" disabled={!isAny || !canWrite} onClick={drop}>
            Delete
          </Button>
        </span>
        <span class="grow" />
        <span class="choice" role="group" aria-label="What is shown">
          {SHOWS.map((one) => (
            <Button key={one} pressed={one === show} onClick={() => present(one)}>
              {TITLES[one]}
            </Button>
          ))}
        </span>
        {show !== "table" && isAny && (
          <Button onClick={() => withRows((found) => adjust({ on: found.map((run) => run.id).join(","), off: others(eyes, found).join(",") }), MOST_CHARTED)}>
            Chart selected
          </Button>
        )}
        <Button
          icon="download"
          disabled={isChoosing || total === 0}
          hint="One page to keep or to send: of the selected runs, or of all that are shown"
          onClick={() => void report()}
        >
          Report
        </Button>
        <Button icon="columns" onClick={() => setDialog("columns")}>
          Columns
        </Button>
      </div>
      <Workspace
        show={show}
        share={shareOf(query.get("share"))}
        setShare={(share) => adjust({ share })}
        eyes={eyes}
        fields={known}
        groups={group}
        round={round}
        table={
          <RunsTable
            pages={shown}
            isFormer={shown !== pages}
            isBusy={isBusy}
            columns={columns}
            sort={sort}
            pinned={pins.length}
            widths={widths}
            setWidth={setWidth}
            acts={acts}
            take={take}
            group={group}
            selection={isOther ? NONE : selection}
            choose={choose}
            chooseAll={() => chosenSoon(chooseAll())}
            chooseRange={(from, to, isShown) => chosenSoon(chooseRange(from, to, isShown))}
            baseline={baseline}
            setBaseline={(base) => turn({ base })}
            chart={show === "split" ? (run) => see(run, eyes.paint(run.id) === null) : null}
            before={show === "split" ? (run) => <Eye run={run} paint={eyes.paint(run.id)} change={(isShown) => see(run, isShown)} /> : null}
            paint={show === "split" ? eyes.groupPaint : () => null}
            nothing={<Nothing isFiltered={shown.isFiltered} />}
            inView={(first, last) => (seen.current = [first, last])}
          />
        }
      />
      {dialog === "columns" && <ColumnChooser keys={keys} standard={standard} fields={known ?? []} change={setKeys} close={() => setDialog("")} />}
      {dialog === "tags" && <TagSelected selection={selection} close={() => setDialog("")} />}
      {secrets && <SecretsDialog {...secrets} close={() => setSecrets(null)} />}
    </>
  );
}

const listIn = (text: string | null): string[] => (text ?? "").split(",").filter(Boolean);

/** The runs in the charts that are none of some. */
const others = (eyes: Eyes, kept: RunRow[]): string[] => eyes.runs.map((run) => run.id).filter((id) => !kept.some((run) => run.id === id));

function said(size: number, cutFrom: number | null, hidden: number, isOther: boolean): string {
  if (isOther) return `${count(size)} of another filter selected`;
  const selected = cutFrom === null ? `${count(size)} selected` : `${count(size)} of ${count(cutFrom)} selected: no more at once`;
  return hidden ? `${selected}, ${count(hidden)} hidden by the filter` : selected;
}

/** The run that the others are held against, whatever the filter; null: none, or it is gone. */
function useBaseline(id: string | null, metrics: string[], round: number): RunRow | null {
  const loaded = useLoaded(async (abort) => (id ? ((await get("runs", { ids: [id], metrics }, abort)).runs[0] ?? null) : null), [id], [metrics.join(), round]);
  return loaded.data?.id === id ? loaded.data : null;
}

/** How many of the selected runs the filter hides. */
function useHidden({ experiment, where, children }: Queries["runs"], selection: Selection, isFiltered: boolean): number {
  const [found, setFound] = useState({ key: "", hidden: 0 });
  const ids = selection.all ? [] : [...selection.runs.keys()];
  const key = ids.length && isFiltered ? JSON.stringify([experiment, where, children, ids]) : "";
  useEffect(() => {
    if (!key) return;
    const control = new AbortController();
    hidden({ experiment, where, children }, ids, control.signal).then(
      (number) => setFound({ key, hidden: number }),
      () => undefined, // a wrong filter, which the box tells
    );
    return () => control.abort();
    // Of the same runs another number may be hidden, once one of them has changed.
  }, [key, selection]);
  return found.key === key ? found.hidden : 0;
}

/** Of a run that is not in view it is not known: the server tells. */
function mayCancel({ runs, all }: Selection): boolean {
  return all !== null || [...runs.values()].some((run) => !run || canCancel(run));
}

function TagSelected({ selection, close }: { selection: Selection; close: () => void }) {
  const { all, runs: left } = selection;
  const [found, setFound] = useState<RunRow[] | null>(null);
  useEffect(() => {
    if (!all) rows(selection, MOST_IN_RANGE).then(setFound, complain);
  }, []);
  if (all) return <TagDialog runs={[]} many={{ count: sizeOf(selection), set: (labels) => labelAll(all, [...left.keys()], labels) }} close={close} />;
  return found && <TagDialog runs={found} close={close} />;
}

/** How many runs there are, or were found. */
function Total({ pages, isBusy }: { pages: RunPages; isBusy: boolean }) {
  const total = pages.total.value;
  return (
    <span class="dim total" role="status" aria-busy={isBusy}>
      {total === null ? "" : `${count(total)} ${pages.isFiltered ? "found" : total === 1 ? "run" : "runs"}`}
      {soFar(pages.unread.value)}
    </span>
  );
}

function moved(keys: string[], key: string, to: number): string[] {
  const rest = keys.filter((one) => one !== key);
  rest.splice(Math.max(0, to), 0, key);
  return rest;
}

const shownMetrics = (keys: string[]): string[] =>
  keys.flatMap((key) => (key.startsWith("metrics.") ? [key.slice("metrics.".length).replace(/\.(last|min|max|mean)$/, "")] : []));

/** The rows of a table from one on and before another, and how many it has. */
async function rowsOf(asked: Queries["runs"], first: number, behind: number): Promise<{ found: RunRow[]; total: number }> {
  const found: RunRow[] = [];
  let total = behind;
  for (let skip = first; skip < Math.min(behind, total); skip += READ_AT_ONCE) {
    const answer = await get("runs", { ...asked, skip, limit: Math.min(READ_AT_ONCE, behind - skip) });
    found.push(...answer.runs);
    total = answer.total;
  }
  return { found, total };
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No matching runs">
        <p>A run must meet every condition. Remove one to see more runs.</p>
        <Button onClick={() => adjust({ where: [] })}>Show all runs</Button>
      </Empty>
    );
  }
  return (
    <Empty title="No runs yet">
      <p>
        <a href="#/submit">Submit a first run</a>, or in a shell:
      </p>
      <pre>homerun run submit-script -e my-experiment train.py</pre>
      <p class="dim">Studio shows the store {info.value?.store}</p>
    </Empty>
  );
}
