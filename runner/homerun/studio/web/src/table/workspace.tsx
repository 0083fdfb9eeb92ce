/** The table of runs and the charts of some of them side by side, with a border to drag. */

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { columnsOfRuns, type FieldColumn } from "../analysis/fields";
import { type ChartedRun, Charts } from "../chart/charts";
import { type Paint, paintOf } from "../chart/curve/paints";
import { tintsOf } from "../chart/curve/tints";
import { type Name, Swatch } from "../chart/legend";
import { paintAmong } from "../chart/lines";
import { colourOf } from "../chart/model";
import { count } from "../format";
import { place } from "../route";
import { get } from "../server/api";
import type { FieldRow, Queries, RunRow } from "../types";
import { Empty } from "../ui/basics";
import "./workspace.css";

export type Show = "table" | "split" | "charts";
export const SHOWS: readonly Show[] = ["table", "split", "charts"];
export const TITLES: Record<Show, string> = { table: "Table", split: "Split", charts: "Charts" };

/** So many of the newest runs are in the charts unless others are chosen. */
const NEWEST = 10;
const [LEAST, MOST, STEP] = [20, 80, 5];

/** A window in which a table and charts beside it are both wide enough to be read. */
const isWide = (): boolean => matchMedia("(min-width: 1400px)").matches;

/** What an address says, else what was last chosen in this browser, else both where there is room for both. */
export function showOf(text: string | null, last: Show | null, hasCharts: boolean): Show {
  return SHOWS.find((one) => one === text) ?? last ?? (hasCharts && isWide() ? "split" : "table");
}
export const shareOf = (text: string | null): number => Math.min(MOST, Math.max(LEAST, Number(text) || 50));

/** Groups are of all runs that match, up to so many. */
const MOST_GROUPED = 500;

/** Which runs are in the charts: the newest ones, those that were added, and none of those that were taken out. */
export interface Eyes {
  runs: readonly ChartedRun[];
  number: (id: string) => number | null;
  /** Whether a run that has changed may belong in the charts, and was not in the answer that told which do. */
  mayLack: (run: RunRow) => boolean;
  /** How its line is drawn; null: it is not in the charts. */
  paint: (id: string) => Paint | null;
  /** How the mean of a group is drawn, by the key of its heading; null: it is not. */
  groupPaint: (key: string) => Paint | null;
  /** The baseline, where groups have lines and it would have none. */
  beside: readonly ChartedRun[];
  /** Called by the charts with how they draw groups. */
  tell: (names: readonly Name[]) => void;
  columns: readonly FieldColumn[];
  /** How many match, where groups are of some of them only. */
  of: number | null;
}

interface Found {
  found: RunRow[];
  /** When the oldest of the newest was created; "": there are no others. */
  since: string;
  of: number | null;
}

export function useEyes(asked: Queries["runs"], isShown: boolean, wanted: string[], out: string[], round: number, base: RunRow | null): Eyes {
  const [{ found, since, of }, setFound] = useState<Found>({ found: [], since: "", of: null });
  const isGrouped = (asked.group ?? []).length > 0;
  // Groups are of what matches: a run that does not would be counted in a mean.
  const added = isGrouped ? [] : base ? [...wanted, base.id] : wanted;
  const [told, tell] = useState<readonly Name[]>([]);
  const colour = colourOf(place.value.query);
  const key = JSON.stringify([asked.experiment, asked.where, asked.children, added, isGrouped]);
  useEffect(() => {
    if (!isShown) return;
    const control = new AbortController();
    const { experiment, where, children } = asked;
    const metrics = isGrouped ? [] : ["*"];
    const newest = get("runs", { experiment, where, children, metrics, limit: isGrouped ? MOST_GROUPED : NEWEST }, control.signal);
    const others = added.length ? get("runs", { ids: added, metrics }, control.signal) : Promise.resolve({ runs: [] as RunRow[] });
    Promise.all([newest, others]).then(
      ([first, more]) =>
        setFound({
          found: [...new Map([...first.runs, ...more.runs].map((run) => [run.id, run])).values()],
          since: first.total > first.runs.length ? (first.runs.at(-1)?.created ?? "") : "",
          of: isGrouped && first.total > first.runs.length ? first.total : null,
        }),
      () => undefined, // a wrong filter, which its box tells
    );
    return () => control.abort();
  }, [key, isShown, round]);
  return useMemo(() => {
    const shown = found.filter((run) => !out.includes(run.id));
    const several = new Set(shown.map((run) => run.experiment)).size > 1;
    // A run keeps its colour when another one is taken out.
    const runs = shown.map((run) => ({ id: run.id, label: labelOf(run, several, base), colour: found.indexOf(run) }));
    const numbers = new Map(runs.map((run) => [run.id, run.colour]));
    const columns = columnsOfRuns(shown);
    const column = columns.find((one) => one.name === colour);
    const tints = column && tintsOf(column);
    const beside = isGrouped && base && !out.includes(base.id) ? [{ id: base.id, label: labelOf(base, several, base) }] : [];
    const ids = [...numbers.keys(), ...beside.map((run) => run.id)];
    const paints = new Map(ids.map((id, at) => [id, isGrouped ? (paintAmong(told, id) ?? NOT_YET) : (tints?.paint(at) ?? paintOf(numbers.get(id) ?? at))]));
    const groups = new Map(told.map(({ key, paint }) => [key, paint]));
    return {
      ...{ runs, beside, columns, of, tell },
      number: (id) => numbers.get(id) ?? null,
      mayLack: (run) => isShown && mayLack(found, since, run),
      paint: (id) => paints.get(id) ?? null,
      groupPaint: (key) => groups.get(key) ?? null,
    };
  }, [found, out.join(), base?.id, base?.name, colour, isGrouped, isShown, since, told]);
}

/** What the table has read, the charts may have asked for too early. */
const mayLack = (found: readonly RunRow[], since: string, run: RunRow): boolean => (run.created ?? "") > since && found.every(({ id }) => id !== run.id);

/** As long as the charts have not told how its group is drawn. */
const NOT_YET: Paint = { token: "--line-strong", dash: [] };

const labelOf = (run: RunRow, several: boolean, base: RunRow | null): string => `${nameOf(run, several)}${run.id === base?.id ? " (baseline)" : ""}`;

/** As legends name it. */
export function nameOf(run: RunRow, several: boolean): string {
  const name = run.name === run.id ? "" : ` ${run.name}`;
  return `${several ? `${run.experiment} ` : ""}#${run.number}${name}`;
}

/** The eye of a row: whether its run is in the charts, and how it is drawn there. */
export function Eye({ run, paint, change }: { run: RunRow; paint: Paint | null; change: (isShown: boolean) => void }) {
  return (
    <button
      type="button"
      class="eye"
      tabIndex={-1}
      aria-pressed={paint !== null}
      aria-label={`Run ${run.number} in the charts`}
      title={paint === null ? "Show in the charts" : "Take out of the charts"}
      onClick={(event) => {
        event.stopPropagation();
        change(paint === null);
      }}
    >
      {paint === null ? <span class="eye-off" /> : <Swatch paint={paint} />}
    </button>
  );
}

interface Props {
  show: Show;
  share: number;
  setShare: (share: number) => void;
  table: ComponentChildren;
  eyes: Eyes;
  fields: FieldRow[] | null;
  groups: string[];
  round: number;
}

export function Workspace({ show, share, setShare, table, eyes, fields, groups, round }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const names = useMemo(() => metricsIn(fields ?? []), [fields]);
  const drag = (event: PointerEvent): void => {
    event.preventDefault();
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (moved) => {
      const place = box.current?.getBoundingClientRect();
      if (place) setShare(shareOf(String(Math.round((100 * (moved.clientX - place.left)) / place.width))));
    };
    handle.onpointerup = () => (handle.onpointermove = null);
  };
  const key = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    setShare(shareOf(String(share + by)));
  };
  return (
    <div class={`workspace is-${show}`} ref={box} style={show === "split" ? { "--share": `${share}%` } : undefined}>
      {show !== "charts" && table}
      {show === "split" && (
        <div
          class="border"
          role="separator"
          aria-orientation="vertical"
          aria-label="Border between table and charts"
          aria-valuenow={share}
          aria-valuemin={LEAST}
          aria-valuemax={MOST}
          tabIndex={0}
          onPointerDown={drag}
          onKeyDown={key}
        />
      )}
      {show !== "table" && (
        <section class="workspace-charts" aria-label="Charts of runs">
          {eyes.runs.length > 0 && names.length > 0 ? (
            <>
              {eyes.of !== null && (
                <p class="dim" role="status">
                  Groups of the newest {count(eyes.runs.length)} of {count(eyes.of)} runs
                </p>
              )}
              <Charts runs={eyes.runs} names={names} groups={groups} beside={eyes.beside} tell={eyes.tell} columns={eyes.columns} round={round} />
            </>
          ) : (
            <Empty title={names.length ? "No run is in the charts" : "No metrics yet"}>
              <p>{names.length ? "Click the circle beside a run to show it here." : "Numbers that scripts log appear here."}</p>
            </Empty>
          )}
        </section>
      )}
    </div>
  );
}

const metricsIn = (fields: FieldRow[]): string[] =>
  fields.flatMap(({ name, kind }) => (name.startsWith("metrics.") && kind === "number" ? [name.slice("metrics.".length)] : []));
