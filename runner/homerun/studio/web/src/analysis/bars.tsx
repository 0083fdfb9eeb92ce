/** A metric by groups of runs: the mean of each as a bar, or how its runs lie as a box. */

import { figure, plural } from "../format";
import { adjust, place } from "../route";
import type { RunRow } from "../types";
import { Switch } from "../ui/basics";
import { Drawing, type Ink } from "./drawing";
import { columnsOfRuns, type Group, groupsOf, titlesOf } from "./fields";
import { chosen, Pick } from "./pick";
import { inert } from "./scatter";
import { AsTable } from "./table";

export function Bars({ runs }: { runs: RunRow[] }) {
  const { query } = place.value;
  const columns = columnsOfRuns(runs);
  const title = titlesOf(columns);
  const numbers = columns.filter((one) => one.isNumber);
  const metrics = numbers.filter((one) => one.name.startsWith("metrics."));
  const params = columns.filter((one) => one.name.startsWith("params."));
  const metric = chosen(query.get("metric"), numbers, [metrics[0]?.name, numbers[0]?.name]);
  const by = chosen(query.get("by"), columns, [params[0]?.name, "experiment"]);
  if (!metric) return <p class="dim">These runs have logged no numbers.</p>;
  const groups = groupsOf(by, metric);
  const isBox = query.get("box") === "1";
  return (
    <section aria-label="Bars">
      <div class="bar">
        <Pick label="Metric" name="metric" value={metric.name} columns={numbers} title={title} />
        <Pick label="Group by" name="by" value={by?.name ?? "-"} columns={columns} title={title} none="nothing" />
        <Switch label="Boxes" on={isBox} change={(on) => adjust({ box: on ? 1 : null })} />
      </div>
      <Drawing
        title={`${title(metric.name)} of ${plural(groups.length, "group")}${by ? ` by ${title(by.name)}` : ""}`}
        height={400}
        of={[runs, metric.name, by?.name, isBox]}
        option={(ink) => barsOption(ink, groups, title(metric.name), by ? title(by.name) : "", isBox)}
      />
      <AsTable
        title="Groups"
        written={title}
        heads={[by?.name ?? "runs", "runs", "mean", "std", "least", "quarter", "median", "three quarters", "greatest"]}
        rows={groups.map((one) => [one.value, one.count, one.mean, one.std, ...one.box])}
      />
    </section>
  );
}

function barsOption(ink: Ink, groups: Group[], metric: string, by: string, isBox: boolean) {
  const label = { color: ink.dim };
  return {
    grid: { left: 70, right: 24, top: 24, bottom: 60 },
    xAxis: {
      type: "category",
      name: by,
      nameLocation: "middle",
      nameGap: 30,
      nameTextStyle: label,
      data: groups.map((one) => one.value),
      axisLabel: { ...label, hideOverlap: true, width: 120, overflow: "truncate" },
    },
    yAxis: {
      type: "value",
      scale: isBox,
      name: isBox ? metric : `mean ${metric}`,
      nameLocation: "middle",
      nameGap: 52,
      nameTextStyle: label,
      axisLabel: label,
      splitLine: { lineStyle: { color: ink.line } },
    },
    tooltip: {
      backgroundColor: ink.page,
      textStyle: { color: ink.ink },
      formatter: ({ dataIndex: at }: { dataIndex: number }) => {
        const one = groups[at];
        if (!one) return "";
        const [least, quarter, median, most, greatest] = one.box.map((value) => figure(value));
        return [
          `<b>${inert(one.value)}</b>, ${plural(one.count, "run")}`,
          `mean ${figure(one.mean)} ± ${figure(one.std)}`,
          `${least} · ${quarter} · ${median} · ${most} · ${greatest}`,
        ].join("<br>");
      },
    },
    series: isBox
      ? [{ type: "boxplot", data: groups.map((one) => one.box), itemStyle: { borderColor: ink.lines[0], color: ink.page } }]
      : [{ type: "bar", data: groups.map((one) => one.mean), itemStyle: { color: ink.lines[0] }, barMaxWidth: 60 }],
  };
}
