/** The runs of an experiment, or of all. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { count } from "../format";
import { adjust, go, href, place } from "../route";
import { canCancel, cancel, remove, resubmit } from "../server/actions";
import { get } from "../server/api";
import { useLive } from "../server/live";
import { info, isReadOnly, setTitle } from "../state";
import { ColumnChooser } from "../table/column-chooser";
import { columnsOf, metricsOf, standardKeys } from "../table/columns";
import { FilterBox } from "../table/filter-box";
import { RunPages } from "../table/pages";
import { type Place, RunsTable } from "../table/runs-table";
import type { FieldRow, Queries, RunRow } from "../types";
import { Button, Empty, Switch } from "../ui/basics";
import { complain } from "../ui/dialog";
import { SecretsDialog, TagDialog } from "../ui/forms";
import { useKeys } from "../ui/keys";
import { useLoaded, useRemembered, useThrottled } from "../use";

const MOST_CHOSEN = 10_000;
const MOST_COMPARED = 50;
const READ_AT_ONCE = 500;
const REFRESH_MS = 1500;
type Choice = ReadonlyMap<string, RunRow>;

export function RunsPage() {
  const { query } = place.value;
  const experiment = query.get("experiment");
  const where = query.getAll("where");
  const sort = query.get("sort") ?? "";
  const group = query.get("group") ?? "";
  const withChildren = query.get("children") === "1";
  const fields = useLoaded((abort) => get("fields", { experiment, children: withChildren }, abort), [experiment, withChildren]);
  const hasGpus = fields.data?.fields.some((one) => one.name === "gpu_percent" && one.runs > 0) ?? false;
  // Those of the last time until these are known, so that no column comes a moment later.
  const [usual, setUsual] = useRemembered<string[]>(`usual.${experiment ?? ""}.${withChildren}`, []);
  useEffect(() => {
    if (fields.data) setUsual(fields.data.columns);
  }, [fields.data]);
  const standard = standardKeys(!experiment, hasGpus, fields.data?.columns ?? usual, where);
  const [kept, keep] = useRemembered<string[] | null>(`columns.${experiment ?? ""}`, null);
  const keys = query.has("columns") ? (query.get("columns") ?? "").split(",").filter(Boolean) : (kept ?? standard);
  const columns = columnsOf(keys, fields.data?.fields);
  const metrics = metricsOf(keys);

  const [chosen, setChosen] = useState<Choice>(new Map());
  /** How many runs were asked for, where that is more than can be chosen. */
  const [cutFrom, setCutFrom] = useState<number | null>(null);
  const choose = (next: Choice, wanted = 0): void => {
    setChosen(next);
    setCutFrom(wanted > MOST_CHOSEN ? wanted : null);
  };
  const [isChoosing, setChoosing] = useState(false);
  const [dialog, setDialog] = useState<"" | "columns" | "tags">("");
  const [secrets, setSecrets] = useState<{ run: RunRow; hidden: string[] } | null>(null);
  const seen = useRef([0, 0] as [number, number]);

  const asked: Queries["runs"] = { experiment, where, sort, group, children: withChildren };
  const key = JSON.stringify(asked);
  const pages = useMemo(() => new RunPages(asked, where.length > 0), [key]);
  // Other columns are no other rows: what is marked, chosen and scrolled to stays.
  useLayoutEffect(() => pages.hold(metrics, ...seen.current), [pages, metrics.join()]);

  useEffect(() => setTitle(experiment ?? "Runs"), [experiment]);
  const refresh = useThrottled(() => pages.refresh(...seen.current), REFRESH_MS);
  useLive({ topics: ["runs"], metrics, experiment: experiment ?? undefined }, ({ event, data }) => {
    if (event === "reset") return refresh();
    if (event !== "runs") return;
    const { changed, removed } = data;
    const isStrange = pages.update(changed);
    if (isStrange || removed.length || sort || group || where.length) refresh();
    if (changed.some((run) => chosen.has(run.id)) || removed.some((id) => chosen.has(id))) setChosen((former) => freshened(former, changed, removed));
  });

  const runs = [...chosen.values()];
  const compare = (): void => {
    const of = runs.length > MOST_COMPARED ? runs.length : null;
    go(
      href(["compare"], {
        ids: runs
          .slice(0, MOST_COMPARED)
          .map((run) => run.id)
          .join(","),
        of,
      }),
    );
  };
  const again = async (): Promise<void> => {
    const hidden = await resubmit(runs);
    if (hidden && runs[0]) setSecrets({ run: runs[0], hidden });
  };
  const latest = useRef(key);
  latest.current = key;
  const chooseAll = async (): Promise<void> => {
    const { found, total } = await rowsOf({ ...asked, metrics }, 0, MOST_CHOSEN);
    if (latest.current === key) choose(new Map(found.map((run) => [run.id, run])), total);
  };
  /** All runs from one to another, also those that were never in view. */
  const chooseRange = async (from: Place, to: Place, isShown: (row: number) => boolean): Promise<void> => {
    const [first, last] = from.row < to.row ? [from.row, to.row + 1] : [to.row, from.row + 1];
    const begin = from.row < to.row ? first : Math.max(first, last - MOST_CHOSEN);
    const { found } = await rowsOf({ ...asked, metrics }, begin, Math.min(last, begin + MOST_CHOSEN));
    if (latest.current !== key) return;
    if (found[from.row - begin]?.id !== from.id) throw new Error("The order of the runs has changed meanwhile: select them again.");
    const kept = found.filter((_, at) => isShown(begin + at));
    choose(new Map([...chosen, ...kept.map((run): [string, RunRow] => [run.id, run])]), last - first);
  };
  /** Until it is known what is chosen, no key and no button acts on it. */
  const chosenSoon = (choice: Promise<void>): void => {
    setChoosing(true);
    void choice.catch(complain).finally(() => setChoosing(false));
  };
  const canWrite = !isReadOnly();
  const isAny = runs.length > 0 && !isChoosing;
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
  const runKeys = [
    { keys: "c", does: "compare the selected runs", run: () => isAny && compare() },
    { keys: "t", does: "tag the selected runs", run: () => isAny && canWrite && setDialog("tags") },
    { keys: "s", does: "cancel the selected runs", run: () => canWrite && runs.some(canCancel) && void cancel(runs, true) },
    { keys: "o", does: "choose columns", run: () => setDialog("columns") },
    { keys: "p", does: "show or hide child runs", run: () => adjust({ children: withChildren ? null : 1 }) },
    { keys: "u", does: "clear the selection", run: () => choose(new Map()) },
  ];
  useKeys("Runs", runKeys, !isBusy);
  return (
    <div class="page is-full">
      <header class="page-head">
        <h1 tabIndex={-1}>{experiment ?? "All runs"}</h1>
        <span class="dim total" role="status" aria-busy={isBusy}>
          {total === null ? "" : `${count(total)} ${shown.isFiltered ? "found" : total === 1 ? "run" : "runs"}`}
          {unread && ` so far: reading the store, ${count(unread.of - unread.runs)} of ${count(unread.of)} runs are read`}
        </span>
      </header>
      <div class="bar">
        <FilterBox
          where={where}
          change={(next) => adjust({ where: next })}
          fields={known ?? (fields.error ? [] : null)}
          experiment={experiment}
          error={error?.message ?? null}
        />
        <label class="inline">
          <span>Group by</span>
          <select value={group} onChange={(event) => adjust({ group: event.currentTarget.value })}>
            <option value="">none</option>
            {groupable(known ?? [], group).map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <Switch label="Hide child runs" on={!withChildren} change={(on) => adjust({ children: on ? null : 1 })} />
      </div>
      <div class="bar is-tools" role="toolbar" aria-label="Actions for the selected runs">
        <span class="chosen-count" role="status">
          {cutFrom === null ? `${count(runs.length)} selected` : `${count(runs.length)} of ${count(cutFrom)} selected: no more at once`}
        </span>
        <Button icon="compare" disabled={!isAny} onClick={compare}>
          Compare
        </Button>
        <Button icon="tag" disabled={!isAny || !canWrite} onClick={() => setDialog("tags")}>
          Tag
        </Button>
        <Button icon="stop" disabled={!isAny || !canWrite || !runs.some(canCancel)} onClick={() => void cancel(runs)}>
          Cancel
        </Button>
        <Button icon="again" disabled={!isAny || !canWrite} onClick={() => void again()}>
          Resubmit
        </Button>
        <Button icon="bin" disabled={!isAny || !canWrite} onClick={() => void remove(runs).then((done) => done && choose(new Map()))}>
          Delete
        </Button>
        <span class="grow" />
        <Button icon="columns" onClick={() => setDialog("columns")}>
          Columns
        </Button>
      </div>
      <RunsTable
        pages={shown}
        isFormer={shown !== pages}
        isBusy={isBusy}
        columns={columns}
        sort={sort}
        setSort={(next) => adjust({ sort: next })}
        group={group}
        chosen={chosen}
        choose={choose}
        chooseAll={() => chosenSoon(chooseAll())}
        chooseRange={(from, to, isShown) => chosenSoon(chooseRange(from, to, isShown))}
        nothing={<Nothing isFiltered={shown.isFiltered} />}
        inView={(first, last) => (seen.current = [first, last])}
      />
      {dialog === "columns" && (
        <ColumnChooser
          keys={keys}
          standard={standard}
          fields={known ?? []}
          change={(next) => {
            keep(next);
            adjust({ columns: next.join(",") });
          }}
          close={() => setDialog("")}
        />
      )}
      {dialog === "tags" && <TagDialog runs={runs} close={() => setDialog("")} />}
      {secrets && <SecretsDialog {...secrets} close={() => setSecrets(null)} />}
    </div>
  );
}

function freshened(chosen: Choice, changed: RunRow[], removed: string[]): Choice {
  const next = new Map(chosen);
  for (const run of changed) if (next.has(run.id)) next.set(run.id, run);
  for (const id of removed) next.delete(id);
  return next;
}

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

function groupable(fields: FieldRow[], group: string): string[] {
  const plain = ["status", "error", "experiment", "user", "target", "script", "parent"];
  const tags = fields.map((one) => one.name).filter((name) => /^(params|tags|properties)\./.test(name));
  return [...new Set([...(group ? [group] : []), ...plain, ...tags])];
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
