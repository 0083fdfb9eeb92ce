/** Conditions that are wanted each day, by one click. */

import { info } from "../../state";
import { fieldWritten, flipped, hasValue, valueWritten, withValue } from "./conditions";
import "./filter.css";

interface Props {
  where: string[];
  change: (where: string[]) => void;
  /** The metrics that are shown. */
  metrics: string[];
}

const DAY = "created > 1d";

export function QuickFilters({ where, change, metrics }: Props) {
  const nan = metrics.map((one) => `${fieldWritten(`metrics.${one}`)} = nan`).join(" or ");
  const user = valueWritten(info.value?.user ?? "");
  const chips = [
    { title: "Running", on: hasValue(where, "status", "Running"), next: () => withValue(where, "status", "Running") },
    { title: "Failed", on: hasValue(where, "status", "Failed"), next: () => withValue(where, "status", "Failed") },
    { title: "Last 24 h", on: where.includes(DAY), next: () => flipped(where, DAY) },
    { title: "Mine", on: hasValue(where, "user", user), next: () => withValue(where, "user", user) },
    ...(nan ? [{ title: "Has NaN", on: where.includes(nan), next: () => flipped(where, nan) }] : []),
  ];
  return (
    <div class="quick" role="group" aria-label="Quick filters">
      {chips.map((one) => (
        <button key={one.title} type="button" class="chip quick-chip" aria-pressed={one.on} onClick={() => change(one.next())}>
          {one.title}
        </button>
      ))}
    </div>
  );
}
