/** The heading of a group: how many runs it has, how they stand, and what its metrics come to. */

import type { Paint } from "../chart/curve/paints";
import { Swatch } from "../chart/legend";
import { count, figure, NO_VALUE, toNumber } from "../format";
import { info } from "../state";
import type { GroupRow, Numeric, SpreadCell, Status } from "../types";
import { StatusBar } from "../ui/basics";
import { Icon } from "../ui/icon";
import { type Column, metricOf } from "./columns";

interface Props {
  group: GroupRow;
  isOpen: boolean;
  columns: Column[];
  lefts: readonly number[];
  /** How its mean is drawn in the charts; null: it is in none. */
  paint: Paint | null;
  fold: () => void;
}

export function GroupCells({ group, isOpen, columns, lefts, paint, fold }: Props) {
  const value = String(group.value ?? "");
  return (
    <>
      <div class="cell is-group-head is-name" role="gridcell">
        <button type="button" class="fold" aria-expanded={isOpen} style={{ paddingLeft: `${group.depth * 16}px` }} onClick={fold}>
          <Icon name={isOpen ? "down" : "right"} />
          {paint && <Swatch paint={paint} />}
          {value ? <b title={value}>{value}</b> : <span class="dim">{NO_VALUE}</span>} <span class="dim">{count(group.count)}</span>
        </button>
      </div>
      {columns.map((one, at) => (
        <div
          key={one.key}
          class={`cell ${one.isNumber ? "is-number" : ""} ${at < lefts.length ? "is-pinned" : ""}`}
          role="gridcell"
          style={at < lefts.length ? { left: `${lefts[at]}px` } : undefined}
        >
          {one.key === "status" ? <Statuses group={group} /> : <Spread column={one} group={group} />}
        </div>
      ))}
    </>
  );
}

/** Of the runs of all further groups it is not known. */
function Statuses({ group }: { group: GroupRow }) {
  const parts = Object.entries(group.by_status) as [Status, number][];
  return parts.length > 0 ? <StatusBar parts={parts} /> : null;
}

/** Mean ± standard deviation, and the best by the goal; without a goal from the least to the greatest. */
function Spread({ column, group }: { column: Column; group: GroupRow }) {
  if (!column.key.startsWith("metrics.")) return null;
  const { name, which } = metricOf(column.key.slice("metrics.".length));
  const found = group.metrics[name];
  if (!found || which !== "last" || found.count === 0) return null;
  const [mean, std] = [toNumber(found.mean), toNumber(found.std)];
  const range = found.count > 1 ? `${short(found.min, 2)} … ${short(found.max, 2)}` : "";
  const title = `mean ${figure(mean)}${std === null ? "" : ` ± ${figure(std)}`} of ${count(found.count)}, ${figure(toNumber(found.min))} … ${figure(toNumber(found.max))}`;
  return (
    <span class="spread" title={title}>
      <span>
        {short(found.mean)}
        {std !== null && ` ± ${short(found.std, 2)}`}
      </span>
      <small class="dim">{best(name, found) ?? range}</small>
    </span>
  );
}

function best(name: string, found: SpreadCell): string | null {
  const goal = info.value?.goal;
  if (goal?.metric !== name) return null;
  return `best ${short(goal.is_most ? found.max : found.min)}`;
}

/** A number in the room that a column has; its title has more digits. */
function short(value: Numeric, digits = 3): string {
  const number = toNumber(value);
  return number === null || !Number.isFinite(number) ? figure(number) : figure(Number(number.toPrecision(digits)));
}
