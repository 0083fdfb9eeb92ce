/** Runs as points: two fields as axes, others as colour and size; those that no other one beats; a selection by the mouse. */

import { useMemo, useState } from "preact/hooks";
import { figure, plural } from "../format";
import { adjust, place, turn } from "../route";
import { get } from "../server/api";
import type { RunRow } from "../types";
import { Button, Switch } from "../ui/basics";
import { useLoaded } from "../use";
import { Drawing, type Ink, scaleOf } from "./drawing";
import { betterOf, columnsOfRuns, type FieldColumn, paretoFront, titlesOf } from "./fields";
import { chosen, Pick } from "./pick";
import { AsTable } from "./table";

const SIZES = [8, 30] as const;

export function Scatter({ runs }: { runs: RunRow[] }) {
  const { query } = place.value;
  const [marked, setMarked] = useState<string[]>([]);
  const columns = columnsOfRuns(runs);
  const title = titlesOf(columns);
  const numbers = columns.filter((one) => one.isNumber);
  const params = numbers.filter((one) => one.name.startsWith("params."));
  const metrics = numbers.filter((one) => one.name.startsWith("metrics."));
  const x = chosen(query.get("sx"), numbers, [params[0]?.name, "duration", numbers[0]?.name]);
  const y = chosen(query.get("sy"), numbers, [metrics[0]?.name, numbers[1]?.name, numbers[0]?.name]);
  const colour = chosen(query.get("colour"), columns);
  const size = chosen(query.get("ssize"), numbers);
  const ways = useWays(runs, query.get("front") === "1");
  if (!x || !y) return <p class="dim">These runs do not differ in any number.</p>;
  const isMore = betterOf(query.get("more"), ways ?? new Map(), x.name, y.name);
  const isFront = query.get("front") === "1";
  const front = isFront && ways ? paretoFront(x.values, y.values, isMore.x, isMore.y) : [];
  const better = (axis: "x" | "y", on: boolean): void => {
    const next = { ...isMore, [axis]: on };
    adjust({ more: `${next.x ? "x" : ""}${next.y ? "y" : ""}` || "-" });
  };
  const picked = marked.filter((id) => runs.some((run) => run.id === id));
  return (
    <section aria-label="Scatter">
      <div class="bar">
        <Pick label="x" name="sx" value={x.name} columns={numbers} title={title} drops="more" />
        <Pick label="y" name="sy" value={y.name} columns={numbers} title={title} drops="more" />
        <Pick label="Colour by" name="colour" value={colour?.name ?? "-"} columns={columns} title={title} none="none" />
        <Pick label="Size" name="ssize" value={size?.name ?? "-"} columns={numbers} title={title} none="none" />
        <Switch label="Pareto front" on={isFront} change={(on) => adjust({ front: on ? 1 : null })} />
        {isFront && <Switch label="More x is better" on={isMore.x} change={(on) => better("x", on)} />}
        {isFront && <Switch label="More y is better" on={isMore.y} change={(on) => better("y", on)} />}
        {picked.length > 1 && (
          <Button kind="main" onClick={() => turn({ ids: picked.join(","), of: null })}>
            {`Keep these ${plural(picked.length, "run")}`}
          </Button>
        )}
      </div>
      <Drawing
        title={`${title(y.name)} over ${title(x.name)} of ${plural(runs.length, "run")}`}
        height={440}
        of={[JSON.stringify([runs.map((run) => run.id), x, y, colour, size, front])]}
        option={(ink) => scatterOption(ink, title, runs, x, y, colour, size, front)}
        brushed={(places) => setMarked(places.flatMap((at) => runs[at]?.id ?? []))}
      />
      <p class="dim">Drag over an area to keep only the runs in it.</p>
      <AsTable
        title="Scatter"
        written={title}
        heads={["run", x.name, y.name, ...(colour ? [colour.name] : []), ...(size ? [size.name] : []), ...(isFront ? ["on the front"] : [])]}
        rows={runs.map((run, at) => [
          ...[nameOf(run), x.values[at] ?? null, y.values[at] ?? null],
          ...(colour ? [colour.values[at] ?? null] : []),
          ...(size ? [size.values[at] ?? null] : []),
          ...(isFront ? [front.includes(at) ? "yes" : "no"] : []),
        ])}
      />
    </section>
  );
}

/** By the field whether more of it is better; null: that is not read yet. */
function useWays(runs: RunRow[], isAsked: boolean): ReadonlyMap<string, boolean | null> | null {
  const [experiment, other] = new Set(runs.map((run) => run.experiment));
  const among = other === undefined ? experiment : null;
  const loaded = useLoaded(async (abort) => (isAsked ? (await get("fields", { experiment: among, children: true }, abort)).fields : []), [among, isAsked]);
  return useMemo(() => {
    if (!loaded.data && !loaded.error) return null;
    return new Map((loaded.data ?? []).map((one) => [one.name, one.is_most]));
  }, [loaded.data, loaded.error]);
}

export const nameOf = (run: RunRow): string => `${run.experiment} #${run.number}`;

/** Text that a tooltip shows: it is given as HTML there. */
export const inert = (text: string): string => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);

function scatterOption(
  ink: Ink,
  title: (name: string) => string,
  runs: RunRow[],
  x: FieldColumn,
  y: FieldColumn,
  colour: FieldColumn | null,
  size: FieldColumn | null,
  front: number[],
) {
  const texts = colour && !colour.isNumber ? [...new Set(colour.values.map(String))] : [];
  const sizes = size ? size.values.filter((one): one is number => typeof one === "number") : [];
  const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
  const sized = (value: unknown): number => (typeof value === "number" && high > low ? SIZES[0] + ((value - low) / (high - low)) * (SIZES[1] - SIZES[0]) : 12);
  const label = { color: ink.dim };
  const axis = (name: string) => ({
    type: "value",
    scale: true,
    name,
    nameLocation: "middle",
    nameGap: 30,
    nameTextStyle: label,
    axisLabel: label,
    splitLine: { lineStyle: { color: ink.line } },
  });
  return {
    grid: { left: 70, right: colour?.isNumber ? 110 : 24, top: 40, bottom: 54 },
    xAxis: axis(title(x.name)),
    yAxis: { ...axis(title(y.name)), nameGap: 52 },
    tooltip: {
      backgroundColor: ink.page,
      textStyle: { color: ink.ink },
      formatter: ({ dataIndex: at, seriesIndex }: { dataIndex: number; seriesIndex: number }) => {
        const run = seriesIndex === 0 ? runs[at] : undefined;
        const lines = [x, y, colour, size].flatMap((one) => (one ? [`${inert(title(one.name))}: ${inert(figure(one.values[at]))}`] : []));
        return run ? [`<b>${inert(nameOf(run))}</b>`, ...new Set(lines)].join("<br>") : "";
      },
    },
    brush: { toolbox: ["rect", "polygon", "clear"] },
    toolbox: { right: 8, top: 0, iconStyle: { borderColor: ink.dim } },
    ...(colour?.isNumber
      ? {
          visualMap: { dimension: 2, seriesIndex: 0, ...scaleOf(ink, title(colour.name), bounds(colour)) },
        }
      : {}),
    series: [
      {
        type: "scatter",
        data: runs.map((_, at) => ({
          value: [x.values[at], y.values[at], colour?.isNumber ? colour.values[at] : 0],
          symbolSize: sized(size?.values[at]),
          itemStyle: {
            ...(colour?.isNumber ? {} : { color: ink.lines[Math.max(0, texts.indexOf(String(colour?.values[at]))) % ink.lines.length] }),
            ...(front.includes(at) ? { borderColor: ink.ink, borderWidth: 2 } : {}),
          },
        })),
      },
      {
        type: "line",
        silent: true,
        showSymbol: false,
        step: false,
        lineStyle: { color: ink.dim, type: "dashed" },
        data: front.map((at) => [x.values[at], y.values[at]]),
      },
    ],
  };
}

function bounds(column: FieldColumn): { min: number; max: number } {
  const known = column.values.filter((one): one is number => typeof one === "number");
  return { min: Math.min(...known), max: Math.max(...known) };
}
