/** The table of runs and the charts of some of them side by side, with a border to drag. */

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type ChartedRun, Charts } from "../chart/charts";
import { paintOf } from "../chart/curve/paints";
import { Swatch } from "../chart/legend";
import { get } from "../server/api";
import type { FieldRow, Queries, RunRow } from "../types";
import { Empty } from "../ui/basics";

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

/** Which runs are in the charts: the newest ones, those that were added, and none of those that were taken out. */
export interface Eyes {
  runs: readonly ChartedRun[];
  number: (id: string) => number | null;
}

export function useEyes(asked: Queries["runs"], isShown: boolean, added: string[], out: string[], round: number, base?: string): Eyes {
  const [found, setFound] = useState<RunRow[]>([]);
  const key = JSON.stringify([asked.experiment, asked.where, asked.children, added]);
  useEffect(() => {
    if (!isShown) return;
    const control = new AbortController();
    const { experiment, where, children } = asked;
    const newest = get("runs", { experiment, where, children, limit: NEWEST }, control.signal);
    const others = added.length ? get("runs", { ids: added }, control.signal) : Promise.resolve({ runs: [] as RunRow[] });
    Promise.all([newest, others]).then(
      ([first, more]) => setFound([...new Map([...first.runs, ...more.runs].map((run) => [run.id, run])).values()]),
      () => undefined, // a wrong filter, which its box tells
    );
    return () => control.abort();
  }, [key, isShown, round]);
  return useMemo(() => {
    const shown = found.filter((run) => !out.includes(run.id));
    const several = new Set(shown.map((run) => run.experiment)).size > 1;
    // A run keeps its colour when another one is taken out.
    const runs = shown.map((run) => ({ id: run.id, label: `${nameOf(run, several)}${run.id === base ? " (baseline)" : ""}`, colour: found.indexOf(run) }));
    const numbers = new Map(runs.map((run) => [run.id, run.colour]));
    return { runs, number: (id) => numbers.get(id) ?? null };
  }, [found, out.join(), base]);
}

function nameOf(run: RunRow, several: boolean): string {
  const name = run.name === run.id ? "" : ` ${run.name}`;
  return `${several ? `${run.experiment} ` : ""}#${run.number}${name}`;
}

/** The eye of a row: whether its run is in the charts, and in which colour. */
export function Eye({ run, colour, change }: { run: RunRow; colour: number | null; change: (isShown: boolean) => void }) {
  return (
    <button
      type="button"
      class="eye"
      tabIndex={-1}
      aria-pressed={colour !== null}
      aria-label={`Run ${run.number} in the charts`}
      title={colour === null ? "Show in the charts" : "Take out of the charts"}
      onClick={(event) => {
        event.stopPropagation();
        change(colour === null);
      }}
    >
      {colour === null ? <span class="eye-off" /> : <Swatch paint={paintOf(colour)} />}
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
    <div class={`workspace is-${show}`} ref={box} style={show === "split" ? { gridTemplateColumns: `${share}% 12px minmax(0, 1fr)` } : undefined}>
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
            <Charts runs={eyes.runs} names={names} groups={groups} round={round} />
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
