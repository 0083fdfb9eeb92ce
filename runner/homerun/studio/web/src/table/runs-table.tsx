/** The table of runs: any number of them, of which those in view are on the page. */

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Paint } from "../chart/curve/paints";
import { go, recallStep, rememberStep, runHref } from "../route";
import type { RunRow } from "../types";
import { Failure, RollupBar, RunLink } from "../ui/basics";
import { Icon } from "../ui/icon";
import { type Key, useKeys } from "../ui/keys";
import type { Column, Take } from "./columns";
import { GroupCells } from "./group-cells";
import { Heading, type HeadingActs } from "./heading";
import { Lines } from "./lines";
import type { RunPages } from "./pages";
import { isSelected, NONE, type Selection, sizeOf, toggled } from "./selection";
import { useWindow } from "./window";
import "./grid.css";

const ROW = 34;
const HEAD = 34;
const CHOICE = 36;
const LEAST_WIDTH = 56;
const IS_PHONE = matchMedia("(max-width: 700px)").matches;
export const NAME = "number";
const NAME_WIDTH = IS_PHONE ? 110 : 200;
const SPREAD_WIDTH = 128;
const SETTLE_MS = 150;

/** A run, and which row of the table it is. */
export interface Place {
  id: string;
  row: number;
}

interface Props {
  pages: RunPages;
  /** Whether the rows are of the former question, and wait to be replaced. */
  isFormer: boolean;
  isBusy: boolean;
  columns: Column[];
  sort: string;
  /** How many of the columns stay in place, the first ones. */
  pinned: number;
  widths: Readonly<Record<string, number>>;
  setWidth: (key: string, width: number) => void;
  acts: HeadingActs;
  take: Take;
  group: string[];
  selection: Selection;
  choose: (selection: Selection) => void;
  chooseAll: () => void;
  chooseRange: (from: Place, to: Place, isShown: (row: number) => boolean) => void;
  /** The run that the others are held against: it stays below the heading. */
  baseline: RunRow | null;
  setBaseline: (id: string | null) => void;
  /** Put a run into the charts or take it out; null: there are none beside the table. */
  chart: ((run: RunRow) => void) | null;
  /** What stands before the name of each run; null: nothing. */
  before: ((run: RunRow) => JSX.Element) | null;
  /** How a group is drawn in the charts beside the table, by the key of its heading; null: in none. */
  paint: (key: string) => Paint | null;
  nothing: JSX.Element;
  inView: (first: number, last: number) => void;
}

export function RunsTable(props: Props) {
  const { pages, isFormer, columns, sort, selection, choose } = props;
  /** The width of a column that is being dragged. Browsers refuse an address that changes a hundred times in a moment. */
  const [pulled, pull] = useState<Record<string, number> | null>(null);
  const widths = { ...props.widths, ...pulled };
  void pages.version.value;
  const total = pages.total.value;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const lines = useMemo(() => new Lines(total ?? 0, pages.groups.value, closed), [total, pages.groups.value, closed]);
  const { baseline } = props;
  const head = baseline ? HEAD + ROW : HEAD;
  const view = useWindow(lines.count, ROW, head);
  // A run keeps its mark when others come or go above it: a key acts on the run that was marked.
  const [pointed, point] = useState<{ line: number; run: string | null }>({ line: 0, run: null });
  const lineOf = (id: string | null): number | null => {
    const row = id === null ? null : pages.rowOf(id);
    return row === null ? null : lines.of(row);
  };
  const active = lineOf(pointed.run) ?? Math.max(0, Math.min(lines.count - 1, pointed.line));
  const anchor = useRef<Place | null>(null);
  const settling = useRef(0);

  // Together with the rows: a key that is pressed then must not be undone a little later.
  useLayoutEffect(() => setClosed(new Set()), [props.group.join()]);
  useLayoutEffect(() => {
    point({ line: 0, run: null });
    anchor.current = null;
  }, [pages]);
  // Where this step of the history was left, or the top. Before the rows there is nothing to scroll.
  useLayoutEffect(() => {
    const element = view.element();
    if (total === null || !element) return;
    const [top, left] = recallStep<[number, number]>("scroll") ?? [0, element.scrollLeft];
    element.scrollTo(left, top);
    view.look();
  }, [pages, total === null]);
  useEffect(() => () => clearTimeout(settling.current), []);
  const scrolled = (): void => {
    clearTimeout(settling.current);
    settling.current = window.setTimeout(() => {
      const element = view.element();
      if (element && !isFormer) rememberStep("scroll", [element.scrollTop, element.scrollLeft]);
    }, SETTLE_MS);
  };
  useEffect(() => {
    const rows = [view.first, view.last].map((line) => lines.at(line)).map((line) => ("row" in line ? line.row : line.group.first));
    const [first, last] = [rows[0] ?? 0, Math.max(rows[1] ?? 0, 0)];
    pages.need(first, last);
    props.inView(first, last);
  }, [pages, view.first, view.last, lines, total]);

  const widthOf = (column: Column): number => widths[column.key] ?? usualWidth(column, props.group.length > 0);
  const resize = (key: string, wanted: number, isDone = true): void => {
    const width = Math.max(LEAST_WIDTH, Math.round(wanted));
    pull(isDone ? null : { [key]: width });
    if (isDone) props.setWidth(key, width);
  };
  const name = widths[NAME] ?? NAME_WIDTH;
  const template = `${CHOICE}px ${name}px ${columns.map((one) => `${widthOf(one)}px`).join(" ")} minmax(0, 1fr)`;
  const least = CHOICE + name + columns.reduce((sum, one) => sum + widthOf(one), 0);
  const pinned = IS_PHONE ? 0 : props.pinned;
  /** How far from the left each pinned column stays. */
  const lefts = columns.slice(0, pinned).map((_, at) => CHOICE + name + columns.slice(0, at).reduce((sum, one) => sum + widthOf(one), 0));
  const fitTo = (key: string): void => resize(key, wanted(view.element(), key));

  const activate = (line: number): void => point({ line, run: runAt(line)?.id ?? null });
  const move = (to: number): void => {
    const line = Math.max(0, Math.min(lines.count - 1, to));
    activate(line);
    view.reveal(line);
    view.element()?.focus({ preventScroll: true });
  };
  const runAt = (line: number): RunRow | undefined => {
    const found = lines.at(line);
    return "row" in found ? pages.at(found.row) : undefined;
  };
  const toggle = (line: number, isRange: boolean): void => {
    const run = runAt(line);
    if (!run) return;
    const start = anchor.current;
    const row = pages.rowOf(run.id);
    anchor.current = row === null ? null : { id: run.id, row };
    activate(line);
    if (isRange && start && row !== null) {
      const from = { id: start.id, row: pages.rowOf(start.id) ?? start.row };
      return props.chooseRange(from, { id: run.id, row }, (one) => "row" in lines.at(lines.of(one)));
    }
    choose(toggled(selection, run));
  };
  const setBase = (run: RunRow): void => props.setBaseline(run.id === baseline?.id ? null : run.id);
  const withRun = (act: (run: RunRow) => void): void => {
    const run = runAt(active);
    if (run) act(run);
  };
  const fold = (key: string): void => {
    const next = new Set(closed);
    if (!next.delete(key)) next.add(key);
    setClosed(next);
  };
  const enter = (line: number): void => {
    const found = lines.at(line);
    if ("group" in found) fold(found.key);
    else {
      const run = pages.at(found.row);
      if (run) go(runHref(run.id));
    }
  };
  const step = (): number => Math.max(1, Math.floor((view.element()?.clientHeight ?? 400) / ROW) - 2);

  const inGrid = (keys: string, does: string, run: (event: KeyboardEvent) => void): Key => ({ keys, does, run, focus: view.element });
  useKeys(
    "Table of runs",
    [
      { keys: "j", does: "next run", run: () => move(active + 1) },
      { keys: "k", does: "previous run", run: () => move(active - 1) },
      { keys: "Enter", does: "open the run", run: () => enter(active) },
      { keys: "x", does: "select or deselect the run", run: () => toggle(active, false) },
      { keys: "e", does: "show the run in the charts, or take it out", run: () => withRun((run) => props.chart?.(run)) },
      { keys: "b", does: "make the run the baseline, or none again", run: () => withRun(setBase) },
      { keys: "X", does: "select all runs from the last selected one to this one", run: () => toggle(active, true) },
      inGrid("ArrowDown", "next run", () => move(active + 1)),
      inGrid("ArrowUp", "previous run", () => move(active - 1)),
      inGrid("PageDown", "a page down", () => move(active + step())),
      inGrid("PageUp", "a page up", () => move(active - step())),
      inGrid("Home", "first run", () => move(0)),
      inGrid("End", "last run", () => move(lines.count - 1)),
      inGrid(" ", "select or deselect the run", (event) => toggle(active, event.shiftKey)),
    ],
    !isFormer && !props.isBusy && total !== null,
  );

  if (pages.error.value && total === null) return <Failure error={pages.error.value} retry={() => pages.refresh(0, 0)} />;
  if (total === 0) return props.nothing;
  const rowOf = (run: RunRow | undefined) => ({
    run,
    columns,
    template,
    lefts,
    take: props.take,
    before: props.before,
    isChosen: !!run && isSelected(selection, run),
    isBase: !!run && run.id === baseline?.id,
    setBase: () => run && setBase(run),
  });
  const shown = lines.count ? Array.from({ length: view.last - view.first + 1 }, (_, at) => view.first + at) : [];
  return (
    <div
      class={`grid ${isFormer ? "is-former" : ""}`}
      role="grid"
      aria-label="Runs"
      aria-rowcount={lines.count + 1}
      aria-colcount={columns.length + 2}
      aria-multiselectable="true"
      aria-activedescendant={lines.count && active >= view.first && active <= view.last ? `line-${active}` : undefined}
      aria-busy={props.isBusy}
      tabIndex={0}
      ref={view.attach}
      onScroll={scrolled}
    >
      <div class="grid-body" role="presentation" style={{ minWidth: `${least}px`, height: `${head + lines.count * ROW}px` }}>
        <div class="grid-row grid-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
          <div class="cell is-choice" role="columnheader">
            <input
              type="checkbox"
              aria-label="Select all runs"
              checked={sizeOf(selection) > 0}
              ref={(box) => {
                if (box) box.indeterminate = sizeOf(selection) > 0 && sizeOf(selection) < (total ?? 0);
              }}
              onChange={() => (sizeOf(selection) ? choose(NONE) : props.chooseAll())}
            />
          </div>
          <Heading
            name={NAME}
            title="Run"
            sort={sort}
            acts={props.acts}
            width={name}
            resize={(width, isDone) => resize(NAME, width, isDone)}
            fit={() => fitTo(NAME)}
          />
          {columns.map((one, at) => (
            <Heading
              key={one.key}
              name={one.key}
              title={one.title}
              isNumber={one.isNumber}
              canSort={one.canSort}
              isLow={one.isLow}
              sort={sort}
              acts={props.acts}
              width={widthOf(one)}
              resize={(width, isDone) => resize(one.key, width, isDone)}
              fit={() => fitTo(one.key)}
              left={lefts[at]}
              isPinned={at < props.pinned}
            />
          ))}
        </div>
        {baseline && (
          <Row
            {...rowOf(baseline)}
            line={null}
            top={`${HEAD}px`}
            isActive={false}
            point={() => choose(toggled(selection, baseline))}
            activate={() => undefined}
            open={() => go(runHref(baseline.id))}
          />
        )}
        {shown.map((line) => {
          const found = lines.at(line);
          const top = `${head + line * ROW}px`;
          const isActive = line === active;
          if ("group" in found) {
            return (
              <div
                key={`g-${found.key}`}
                id={`line-${line}`}
                class={`grid-row is-group ${isActive ? "is-active" : ""}`}
                role="row"
                aria-rowindex={line + 2}
                style={{ top, gridTemplateColumns: template }}
              >
                <GroupCells
                  group={found.group}
                  isOpen={found.isOpen}
                  columns={columns}
                  lefts={lefts}
                  paint={props.paint(found.key)}
                  fold={() => fold(found.key)}
                />
              </div>
            );
          }
          const run = pages.at(found.row);
          return (
            <Row
              key={run?.id ?? line}
              {...rowOf(run)}
              line={line}
              top={top}
              isActive={isActive}
              point={(isRange) => toggle(line, isRange)}
              activate={() => activate(line)}
              open={() => enter(line)}
            />
          );
        })}
      </div>
    </div>
  );
}

/** What the runs of a group come to needs more room than a value. */
const usualWidth = ({ key, width }: Column, isGrouped: boolean): number => (isGrouped && key.startsWith("metrics.") ? Math.max(width, SPREAD_WIDTH) : width);

interface RowProps {
  run: RunRow | undefined;
  /** null: it stays below the heading. */
  line: number | null;
  columns: Column[];
  template: string;
  top: string;
  isActive: boolean;
  isChosen: boolean;
  lefts: readonly number[];
  take: Take;
  before: Props["before"];
  isBase: boolean;
  setBase: () => void;
  point: (isRange: boolean) => void;
  activate: () => void;
  open: () => void;
}

function Row({ run, line, columns, template, top, isActive, isChosen, lefts, take, before, isBase, setBase, point, activate, open }: RowProps) {
  const style = { gridTemplateColumns: template, top };
  const look = `grid-row ${isActive ? "is-active" : ""} ${isChosen ? "is-chosen" : ""} ${line === null ? "is-baseline" : ""}`;
  if (!run) {
    return (
      <div id={`line-${line}`} class={`${look} is-blank`} role="row" aria-rowindex={(line ?? 0) + 2} style={style}>
        <div class="cell" role="gridcell" aria-label="loading" />
      </div>
    );
  }
  return (
    <div
      id={line === null ? undefined : `line-${line}`}
      class={look}
      role="row"
      aria-rowindex={line === null ? undefined : line + 2}
      aria-selected={isChosen}
      style={style}
      onClick={activate}
      onDblClick={open}
    >
      <div class="cell is-choice" role="gridcell">
        <input
          type="checkbox"
          aria-label={`Select run ${run.number}`}
          checked={isChosen}
          onClick={(event) => {
            event.stopPropagation();
            point(event.shiftKey);
          }}
        />
      </div>
      <div class="cell is-name" role="gridcell" data-key={NAME}>
        {before?.(run)}
        <RunLink run={run} />
        {run.rollup && <RollupBar rollup={run.rollup} isBare />}
        <button
          type="button"
          class="base-mark"
          tabIndex={-1}
          aria-pressed={isBase}
          aria-label={line === null ? `No baseline: run ${run.number} is it` : `Run ${run.number} as the baseline`}
          title={isBase ? "The baseline: click to have none" : "Make it the baseline"}
          onClick={(event) => {
            event.stopPropagation();
            setBase();
          }}
        >
          <Icon name="flag" />
        </button>
      </div>
      {columns.map((one, at) => (
        <div
          key={one.key}
          data-key={one.key}
          class={`cell ${one.isNumber ? "is-number" : ""} ${at < lefts.length ? "is-pinned" : ""}`}
          role="gridcell"
          style={at < lefts.length ? { left: `${lefts[at]}px` } : undefined}
        >
          <Content column={one} run={run} take={take} />
        </div>
      ))}
    </div>
  );
}

/** What a cell shows; a click on a value takes it into the filter. */
function Content({ column, run, take }: { column: Column; run: RunRow; take: Take }) {
  const value = column.value?.(run) ?? null;
  const shown = column.cell(run, take);
  if (value === null && (typeof shown === "string" || typeof shown === "number")) return <Text shown={String(shown)} />;
  if (value === null) return <>{shown}</>;
  return (
    <button
      type="button"
      class="value"
      tabIndex={-1}
      onClick={(event) => {
        event.stopPropagation();
        take(column.key, value, event.altKey);
      }}
    >
      {typeof shown === "string" ? <span>{shown}</span> : shown}
    </button>
  );
}

/** In an element of its own: a text that lies in a flex box bare is cut off without a sign. */
function Text({ shown }: { shown: string }) {
  return (
    <span class="text" title={shown}>
      {shown}
    </span>
  );
}

const MOST_WIDTH = 640;
const PADDING = 24;

/** How wide a column has to be for what is in view. */
function wanted(table: HTMLElement | null, key: string): number {
  const context = document.createElement("canvas").getContext("2d");
  let most = LEAST_WIDTH;
  for (const cell of table?.querySelectorAll<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? []) {
    if (!context) break;
    context.font = getComputedStyle(cell).font;
    const icons = cell.querySelectorAll(".icon, .chip").length;
    const meter = cell.querySelector(".meter") ? 56 : 0;
    most = Math.max(most, context.measureText(cell.textContent ?? "").width + PADDING + 20 * icons + meter);
  }
  return Math.min(MOST_WIDTH, Math.ceil(most));
}
