/** The table of runs: any number of them, of which those in view are on the page. */

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { count } from "../format";
import { go, runHref } from "../route";
import type { RunRow } from "../types";
import { Failure, RollupBar, RunLink } from "../ui/basics";
import { Icon } from "../ui/icon";
import { type Key, useKeys } from "../ui/keys";
import { recall, remember } from "../use";
import type { Column } from "./columns";
import { Lines } from "./lines";
import type { RunPages } from "./pages";
import { useWindow } from "./window";

const ROW = 34;
const HEAD = 34;
const LEAST_WIDTH = 56;
const NAME = matchMedia("(max-width: 700px)").matches ? 110 : 150;

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
  setSort: (sort: string) => void;
  group: string;
  chosen: ReadonlyMap<string, RunRow>;
  choose: (chosen: ReadonlyMap<string, RunRow>) => void;
  chooseAll: () => void;
  chooseRange: (from: Place, to: Place, isShown: (row: number) => boolean) => void;
  nothing: JSX.Element;
  inView: (first: number, last: number) => void;
}

export function RunsTable(props: Props) {
  const { pages, isFormer, columns, sort, chosen, choose } = props;
  void pages.version.value;
  const total = pages.total.value;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const lines = useMemo(() => new Lines(total ?? 0, pages.groups.value, closed), [total, pages.groups.value, closed]);
  const view = useWindow(lines.count, ROW, HEAD);
  // A run keeps its mark when others come or go above it: a key acts on the run that was marked.
  const [pointed, point] = useState<{ line: number; run: string | null }>({ line: 0, run: null });
  const lineOf = (id: string | null): number | null => {
    const row = id === null ? null : pages.rowOf(id);
    return row === null ? null : lines.of(row);
  };
  const active = lineOf(pointed.run) ?? Math.max(0, Math.min(lines.count - 1, pointed.line));
  const anchor = useRef<Place | null>(null);
  const [widths, setWidths] = useState<Record<string, number>>(() => recall("widths", {}));

  // Together with the rows: a key that is pressed then must not be undone a little later.
  useLayoutEffect(() => setClosed(new Set()), [props.group]);
  useLayoutEffect(() => {
    point({ line: 0, run: null });
    anchor.current = null;
    view.reveal(0);
  }, [pages]);
  useEffect(() => {
    const rows = [view.first, view.last].map((line) => lines.at(line)).map((line) => ("row" in line ? line.row : line.group.first));
    const [first, last] = [rows[0] ?? 0, Math.max(rows[1] ?? 0, 0)];
    pages.need(first, last);
    props.inView(first, last);
  }, [pages, view.first, view.last, lines, total]);

  const widthOf = (column: Column): number => widths[column.key] ?? column.width;
  const resize = (key: string, width: number): void => {
    const next = { ...widths, [key]: Math.max(LEAST_WIDTH, width) };
    setWidths(next);
    remember("widths", next);
  };
  const template = `36px minmax(${NAME}px, 1fr) ${columns.map((one) => `${widthOf(one)}px`).join(" ")}`;
  const least = 36 + NAME + columns.reduce((sum, one) => sum + widthOf(one), 0);

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
    const next = new Map(chosen);
    if (!next.delete(run.id)) next.set(run.id, run);
    choose(next);
  };
  const fold = (value: string): void => {
    const next = new Set(closed);
    if (!next.delete(value)) next.add(value);
    setClosed(next);
  };
  const enter = (line: number): void => {
    const found = lines.at(line);
    if ("group" in found) fold(String(found.group.value));
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
    >
      <div class="grid-body" role="presentation" style={{ minWidth: `${least}px`, height: `${HEAD + lines.count * ROW}px` }}>
        <div class="grid-row grid-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
          <div class="cell is-choice" role="columnheader">
            <input
              type="checkbox"
              aria-label="Select all runs"
              checked={chosen.size > 0}
              ref={(box) => {
                if (box) box.indeterminate = chosen.size > 0 && chosen.size < (total ?? 0);
              }}
              onChange={() => (chosen.size ? choose(new Map()) : props.chooseAll())}
            />
          </div>
          <Heading name="number" title="Run" sort={sort} setSort={props.setSort} />
          {columns.map((one) => (
            <Heading
              key={one.key}
              name={one.key}
              title={one.title}
              isNumber={one.isNumber}
              canSort={one.canSort}
              sort={sort}
              setSort={props.setSort}
              width={widthOf(one)}
              resize={(width) => resize(one.key, width)}
            />
          ))}
        </div>
        {shown.map((line) => {
          const found = lines.at(line);
          const top = `${HEAD + line * ROW}px`;
          const isActive = line === active;
          if ("group" in found) {
            const value = String(found.group.value ?? "");
            return (
              <div
                key={`g-${value}`}
                id={`line-${line}`}
                class={`grid-row is-group ${isActive ? "is-active" : ""}`}
                role="row"
                aria-rowindex={line + 2}
                style={{ top }}
              >
                <div class="cell" role="gridcell" aria-colspan={columns.length + 2}>
                  <button type="button" class="fold" aria-expanded={found.isOpen} onClick={() => fold(String(found.group.value))}>
                    <Icon name={found.isOpen ? "down" : "right"} />
                    <b>{value || "none"}</b> <span class="dim">{count(found.group.count)}</span>
                  </button>
                </div>
              </div>
            );
          }
          const run = pages.at(found.row);
          return (
            <Row
              key={run?.id ?? line}
              run={run}
              line={line}
              columns={columns}
              template={template}
              top={top}
              isActive={isActive}
              isChosen={!!run && chosen.has(run.id)}
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

interface RowProps {
  run: RunRow | undefined;
  line: number;
  columns: Column[];
  template: string;
  top: string;
  isActive: boolean;
  isChosen: boolean;
  point: (isRange: boolean) => void;
  activate: () => void;
  open: () => void;
}

function Row({ run, line, columns, template, top, isActive, isChosen, point, activate, open }: RowProps) {
  const style = { gridTemplateColumns: template, top };
  const look = `grid-row ${isActive ? "is-active" : ""} ${isChosen ? "is-chosen" : ""}`;
  if (!run) {
    return (
      <div id={`line-${line}`} class={`${look} is-blank`} role="row" aria-rowindex={line + 2} style={style}>
        <div class="cell" role="gridcell" aria-label="loading" />
      </div>
    );
  }
  return (
    <div id={`line-${line}`} class={look} role="row" aria-rowindex={line + 2} aria-selected={isChosen} style={style} onClick={activate} onDblClick={open}>
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
      <div class="cell is-name" role="gridcell">
        <RunLink run={run} />
        {run.rollup && <RollupBar rollup={run.rollup} />}
      </div>
      {columns.map((one) => (
        <div key={one.key} class={`cell ${one.isNumber ? "is-number" : ""}`} role="gridcell">
          {one.cell(run)}
        </div>
      ))}
    </div>
  );
}

interface HeadingProps {
  name: string;
  title: string;
  isNumber?: boolean;
  canSort?: boolean;
  sort: string;
  setSort: (sort: string) => void;
  width?: number;
  resize?: (width: number) => void;
}

function Heading({ name, title, isNumber = false, canSort = true, sort, setSort, width = 0, resize }: HeadingProps) {
  const direction = sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none";
  const next = direction === "none" ? `-${name}` : direction === "descending" ? name : "";
  const drag = (event: PointerEvent): void => {
    event.preventDefault();
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const start = event.clientX;
    handle.onpointermove = (moved) => resize?.(width + moved.clientX - start);
    handle.onpointerup = () => (handle.onpointermove = null);
  };
  return (
    <div class={`cell ${isNumber ? "is-number" : ""}`} role="columnheader" aria-sort={canSort ? direction : undefined}>
      {canSort ? (
        <button type="button" class="sort" title={`Sort by ${title}`} onClick={() => setSort(next)}>
          <span>{title}</span>
          {direction !== "none" && <Icon name={direction === "ascending" ? "up" : "down"} />}
        </button>
      ) : (
        <span class="sort" title={title}>
          {title}
        </span>
      )}
      {resize && <span class="grip" aria-hidden="true" onPointerDown={drag} />}
    </div>
  );
}
