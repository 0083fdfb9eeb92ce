/**
 * Charts of the metrics of one or several runs: the part of a page that draws curves.
 *
 *     <Charts
 *       runs={[{ id: run.id, label: "#12 baseline", colour: 0 }]}   which runs, and what legends call them; `colour` keeps a run's colour
 *       names={["train/loss", "eval/loss"]}                          which metrics, each with a card of its own
 *       groups={["params.lr"]}                                       optional: runs with the same value are one line, their mean with a band of ± std
 *       beside={[{ id, label }]}                                     optional: runs with a line of their own beside the groups
 *       tell={(names) => …}                                          optional: called with what legends call the groups and those runs, and how they are drawn
 *       columns={columnsOfRuns(rows)}                                optional: of these fields, with a value for each run, one may colour the lines
 *       group={(fields) => …}                                        optional: lets groups be chosen, too
 *       round={n}                                                    optional: count it up when there are new points; what is in view is then read
 *       values={(name) => …}                                         optional: shows the points of a metric
 *       axis="step"                                                  optional: the axis where the address says none
 *       isSystem sayOf isSize                                        optional: samples of the machine, and how values are written
 *     />
 *
 * What is set of them stands in the address (`model.ts`: keys x, smooth, size, metrics, pin, fold, hide, colour, full, chart); other keys are the page's.
 */

import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { FieldColumn } from "../analysis/fields";
import { figure } from "../format";
import { adjust, place } from "../route";
import { Button, Failure } from "../ui/basics";
import { Icon } from "../ui/icon";
import { useThrottled } from "../use";
import { Card, type Common } from "./card";
import { type Axis, Curves } from "./curve/curves";
import { ends } from "./curve/scale";
import { tintsOf } from "./curve/tints";
import { FullScreen } from "./full-screen";
import { Legend, type Name } from "./legend";
import { type ChartedRun, groupKey, namesBeside, namesOfGroups, namesOfRuns } from "./lines";
import { addressOf, axisOver, type ChartSpec, matcher, type Section, type Size, type Spec, sectionsOf, specOf, toggled, withChart } from "./model";
import { useSliding } from "./smoothing";
import { Toolbar } from "./toolbar";
import "./chart.css";

export type { ChartedRun } from "./lines";

interface Props {
  runs: readonly ChartedRun[];
  names: readonly string[];
  groups?: readonly string[];
  beside?: readonly ChartedRun[];
  tell?: (names: readonly Name[]) => void;
  columns?: readonly FieldColumn[];
  group?: (fields: string[]) => void;
  round?: number;
  values?: (name: string) => void;
  axis?: Axis;
  isSystem?: boolean;
  sayOf?: (name: string) => (value: unknown) => string;
  isSize?: (name: string) => boolean;
  /** Without a toolbar and headings: some charts of a page about something else. */
  isPlain?: boolean;
}

const READ_MS = 800;
/** So many charts of a section are there before more are asked for. */
const PAGE = 60;
const HEIGHTS: Record<Size, number> = { s: 120, m: 180, l: 320 };
const NONE: readonly string[] = [];
const NO_RUNS: readonly ChartedRun[] = [];
const NO_NAMES: readonly Name[] = [];
const NO_COLUMNS: readonly FieldColumn[] = [];
const PLAIN_SAY = () => figure;
const NO_SIZE = () => false;

/** Fewer places where there are more lines: each has as many pixels, and all of them are read in a second. */
const widthFor = (runs: number): number => (runs <= 8 ? 500 : runs <= 40 ? 300 : 250);

export function Charts({
  runs,
  names,
  groups = NONE,
  beside = NO_RUNS,
  tell,
  columns = NO_COLUMNS,
  group,
  round = 0,
  values,
  axis = "step",
  isSystem = false,
  sayOf = PLAIN_SAY,
  isSize = NO_SIZE,
  isPlain = false,
}: Props) {
  const spec = useMemo(() => specOf(place.value.query), [place.value.query]);
  const change = (next: Partial<Spec>): void => adjust(addressOf({ ...specOf(place.value.query), ...next }));
  const changeChart = (name: string, next: Partial<ChartSpec>): void => adjust(addressOf(withChart(specOf(place.value.query), name, next)));
  const [slider, slide] = useSliding(spec.smoothing, (word) => change({ smoothing: word }));
  const used = axisOver(spec.axis, axis, names, isSystem);
  const width = widthFor(runs.length);
  const ids = runs.map((one) => one.id);
  const own = beside.map((one) => one.id);
  const curves = useMemo(
    () => new Curves(ids, used, width, { isSystem, groups, beside: own }),
    [ids.join(), used, width, isSystem, groups.join("\n"), own.join()],
  );
  const { version, error, seen, tellSeen, retry } = useReading(curves, spec.smoothing, round);
  const above = useSignal<string | null>(null);
  const link = useId();
  const grouped = groups.length ? JSON.stringify([...curves.grouped.values()].flatMap((all) => all.map((one) => [groupKey(one.values), one.runs.length]))) : "";
  const column = groups.length ? undefined : columns.find((one) => one.name === spec.colour);
  const tints = useMemo(() => (column ? tintsOf(column) : null), [JSON.stringify(column)]);
  const lines = useMemo(
    () => (groups.length ? [...namesOfGroups(uniqueGroups(curves)), ...namesBeside(beside)] : namesOfRuns(runs, tints)),
    [grouped, JSON.stringify([runs, beside]), groups.join("\n"), curves, tints],
  );
  useEffect(() => tell?.(groups.length ? lines : NO_NAMES), [lines]);
  // What was sampled at one moment stands below each other.
  const across = isSystem && (used === "relative" || used === "time") ? ends([...curves.found.values()].flatMap(({ x }) => x)) : null;
  const common: Common = {
    curves,
    across,
    groups,
    names: lines,
    hidden: spec.hidden,
    axis: used,
    isSystem,
    isPlain,
    above,
    slider,
    link,
    sayOf,
    isSize,
    values,
  };
  const found = isPlain ? names : names.filter(matcher(spec.find));
  const sections = isPlain ? [{ title: "", names: [...names] }] : sectionsOf(found, spec.pinned);
  const card = (name: string, height: number, isFull = false) => (
    <Card
      key={name}
      common={common}
      name={name}
      spec={spec.charts[name]}
      change={(next) => changeChart(name, next)}
      smoothing={spec.smoothing}
      version={version}
      height={height}
      isPinned={spec.pinned.includes(name)}
      pin={() => change({ pinned: toggled(spec.pinned, name) })}
      fill={isFull ? undefined : () => change({ full: name })}
      seen={tellSeen}
    />
  );
  return (
    <div class="charts-area">
      {!isPlain && (
        <Toolbar
          spec={spec}
          axis={used}
          usual={axis}
          hasSteps={!isSystem}
          change={change}
          slider={slider}
          slide={slide}
          isRead={curves.isAveraged([...seen], spec.smoothing)}
          columns={columns}
          groups={groups}
          group={group}
          names={names}
          found={found.length}
          all={names.length}
        />
      )}
      {(lines.length > 1 || groups.length > 0) && (
        <Legend
          names={lines}
          title={groups.length ? groups.join(", ") : (column?.name ?? "")}
          scale={tints?.scale ?? null}
          hidden={spec.hidden}
          above={above}
          toggle={(key) => change({ hidden: toggled(spec.hidden, key) })}
          showAll={() => change({ hidden: [] })}
        />
      )}
      {error && <Failure error={error} retry={retry} />}
      {sections.map((one) => (
        <Fold
          key={one.title}
          section={one}
          isAlone={sections.length === 1 && !one.title}
          isFolded={spec.folded.includes(one.title)}
          fold={() => change({ folded: toggled(spec.folded, one.title) })}
          size={spec.size}
          card={(name) => card(name, HEIGHTS[spec.size])}
        />
      ))}
      {names.length > 0 && !found.length && <p class="dim">No metric has “{spec.find}” in its name.</p>}
      {names.includes(spec.full) && (
        <FullScreen
          names={found.includes(spec.full) ? found : names}
          name={spec.full}
          go={(full) => change({ full })}
          card={(name, height) => card(name, height, true)}
        />
      )}
    </div>
  );
}

/** The groups of all metrics, each once. */
function uniqueGroups(curves: Curves) {
  const all = [...curves.grouped.values()].flat();
  return [...new Map(all.map((one) => [groupKey(one.values), one])).values()];
}

interface FoldProps {
  section: Section;
  /** There is no other one, and it has no name. */
  isAlone: boolean;
  isFolded: boolean;
  fold: () => void;
  size: Size;
  card: (name: string) => preact.JSX.Element;
}

function Fold({ section, isAlone, isFolded, fold, size, card }: FoldProps) {
  const [most, setMost] = useState(PAGE);
  const { title, names } = section;
  return (
    <section class="chart-section" aria-label={title || "Metrics"}>
      {!isAlone && (
        <h2 class="fold-head">
          <button type="button" class="section-fold" aria-expanded={!isFolded} onClick={fold}>
            <Icon name={isFolded ? "right" : "down"} />
            <span>{title || "Metrics"}</span>
            <span class="dim">{names.length}</span>
          </button>
        </h2>
      )}
      {!isFolded && <div class={`charts is-${size}`}>{names.slice(0, most).map(card)}</div>}
      {!isFolded && names.length > most && <Button onClick={() => setMost(most + PAGE)}>{`Show more (${names.length - most} left)`}</Button>}
    </section>
  );
}

/**
 * Read what is in view: at once what comes into view, or is to be smoothed in another way; and now and then, when there are new points, all of it.
 *
 * What has left the view and comes back is read again: it may have got points, and may get no more.
 */
function useReading(curves: Curves, smoothing: string, round: number) {
  const [version, setVersion] = useState(0);
  const [error, setError] = useState<Error | null>(null);
  const abort = useRef(new AbortController());
  const seen = useRef(new Set<string>()).current;
  const asked = useRef(new Set<string>()).current;
  const known = useRef(round);
  const ask = (names: string[]): void => {
    if (!names.length) return;
    for (const name of names) asked.add(name);
    curves.read(names, abort.current.signal).then(
      (isNew) => {
        setError(null);
        if (isNew) setVersion((value) => value + 1);
      },
      (failed: Error) => failed.name !== "AbortError" && setError(failed),
    );
  };
  const refresh = useThrottled(() => ask([...seen]), READ_MS);
  const read = useThrottled(() => ask([...seen].filter((name) => !asked.has(name))), 0);
  const retry = useCallback(() => {
    asked.clear();
    read();
  }, [read]);
  const tellSeen = useCallback(
    (name: string, isSeen: boolean) => {
      if (isSeen) seen.add(name);
      else seen.delete(name);
      if (isSeen) read();
      else asked.delete(name);
    },
    [read],
  );
  useEffect(() => {
    abort.current = new AbortController();
    return () => abort.current.abort();
  }, [curves]);
  useEffect(() => {
    curves.smoothBy(smoothing);
    retry();
  }, [curves, smoothing]);
  useEffect(() => {
    if (known.current !== round) refresh();
    known.current = round;
  }, [round]);
  return { version, error, seen, tellSeen, retry };
}
