/** What differs between runs, section by section, against one of them. */

import { useMemo } from "preact/hooks";
import { difference, duration, figures, memory, plural, toNumber } from "../../format";
import { adjust, here, place, runHref } from "../../route";
import { get } from "../../server/api";
import type { CompareAnswer, ComparedRow, RunRow } from "../../types";
import { Button, Failure, Switch, Waiting } from "../../ui/basics";
import { useLoaded } from "../../use";

const SECTIONS: Record<ComparedRow["section"], string> = {
  params: "Parameters",
  metrics: "Metrics",
  arguments: "Arguments",
  tags: "Tags",
  properties: "Properties",
  run: "Run",
  environment: "Environment",
  packages: "Packages",
  code: "Code",
  files: "Files of the code",
};
const ORDER = Object.keys(SECTIONS) as ComparedRow["section"][];
/** What differs in these is told line by line in a tab of its own. */
const OF_CODE = new Set<ComparedRow["section"]>(["code", "files"]);
const LEAST = ".min";
const GREATEST = ".max";

/** As the table of runs has them. */
const OF_RUN: Record<string, { title: string; say: (value: number) => string }> = {
  duration_s: { title: "Duration", say: duration },
  memory_kib: { title: "Memory", say: memory },
};

const TABLE = "table";
const MOST_WRITTEN = 60;

interface Line {
  section: ComparedRow["section"];
  name: string;
  texts: string[];
  numbers: (number | null)[];
  best: number | null;
  /** How its numbers are written; null: as they are. */
  say: ((value: number) => string) | null;
  /** Its values are tables, which have a tab of their own. */
  isTable: boolean;
}

export function Differences({ runs, round }: { runs: RunRow[]; round: number }) {
  const ids = runs.map((run) => run.id);
  const loaded = useLoaded((abort) => get("compare", { run: ids }, abort), [ids.join()], [round]);
  const isAll = place.value.query.get("all") === "1";
  const lines = useMemo(() => (loaded.data ? linesOf(loaded.data, isAll) : []), [loaded.data, isAll]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the differences" />;
  const compared = loaded.data.runs;
  const named = place.value.query.get("base");
  const base = Math.max(
    0,
    compared.findIndex((run) => run.id === named),
  );
  // The baseline stands first, and stays in sight.
  const order = [base, ...compared.map((_, at) => at).filter((at) => at !== base)];
  return (
    <>
      <div class="bar">
        <Switch label="Only differences" on={!isAll} change={(on) => adjust({ all: on ? null : 1 })} />
        <span class="dim">The best value of a metric is bold.</span>
        {loaded.data.more && <span class="dim">There are more lines than are shown.</span>}
      </div>
      <div class="scrolled is-comparison" tabIndex={0} role="region" aria-label="Comparison">
        <table class="plain is-lined compare">
          <thead>
            <tr>
              <td />
              {order.map((at) => {
                const run = compared[at];
                return run ? <Head key={run.id} run={run} isBase={at === base} /> : null;
              })}
            </tr>
          </thead>
          <tbody>
            {lines.map((line, at) => (
              <Row key={`${line.section} ${line.name}`} line={line} order={order} base={base} isFirst={lines[at - 1]?.section !== line.section} />
            ))}
          </tbody>
        </table>
        {lines.length === 0 && <p class="dim">{compared.length > 1 ? "These runs do not differ." : "One run alone has nothing to differ from."}</p>}
      </div>
    </>
  );
}

function Head({ run, isBase }: { run: RunRow; isBase: boolean }) {
  return (
    <th scope="col" class={isBase ? "is-base" : ""}>
      <a href={runHref(run.id)}>
        {run.experiment} #{run.number}
      </a>
      {isBase ? (
        <span class="badge">baseline</span>
      ) : (
        <Button kind="bare" icon="flag" label={`Compare with run ${run.number} of ${run.experiment}`} onClick={() => adjust({ base: run.id })} />
      )}
    </th>
  );
}

function Row({ line, order, base, isFirst }: { line: Line; order: number[]; base: number; isFirst: boolean }) {
  const from = line.numbers[base] ?? null;
  return (
    <tr class={isFirst ? "is-first" : ""}>
      <th scope="row">
        {isFirst && (
          <span class="area">
            {SECTIONS[line.section]}
            {OF_CODE.has(line.section) && (
              <>
                {" "}
                <a href={here({ tab: "code" })}>Changes</a>
              </>
            )}
          </span>
        )}
        {line.name}
        {line.isTable && (
          <span class="area">
            <a href={here({ tab: "tables" })}>Tables</a>
          </span>
        )}
      </th>
      {order.map((at) => {
        const value = line.numbers[at] ?? null;
        const isBest = line.best !== null && value === line.best;
        return (
          <td key={at} class={at === base ? "is-base" : ""}>
            {isBest ? <b>{line.texts[at]}</b> : line.texts[at]}
            {at !== base && value !== null && from !== null && value !== from && <span class="dim delta">{apart(line, value, from)}</span>}
          </td>
        );
      })}
    </tr>
  );
}

function apart({ say }: Line, value: number, from: number): string {
  return say ? `${value > from ? "+" : "−"}${say(Math.abs(value - from))}` : difference(value, from);
}

/** The lines in the order of their sections; of a metric the better of its two ends alone, where that is known. */
export function linesOf(answer: CompareAnswer, isAll: boolean): Line[] {
  const rows = answer.rows.filter((row) => (isAll || row.differs) && !isWorse(row));
  const sorted = rows.map((row, at) => ({ row, at }));
  sorted.sort((a, b) => ORDER.indexOf(a.row.section) - ORDER.indexOf(b.row.section) || a.row.name.localeCompare(b.row.name) || a.at - b.at);
  return sorted.map(({ row }) => {
    const numbers = row.values.map((value) => (row.section === "packages" || row.section === "tags" ? null : numberIn(value)));
    const known = numbers.filter((one): one is number => one !== null);
    const isNumber = known.length > 0 && row.values.every((value, at) => value === null || numbers[at] !== null);
    const say = row.section === "run" ? (OF_RUN[row.name]?.say ?? null) : null;
    const most = row.is_most ? Math.max(...known) : Math.min(...known);
    return {
      section: row.section,
      name: nameOf(row),
      say,
      texts: textsOf(row, isNumber ? numbers : null, say),
      numbers: isNumber ? numbers : row.values.map(() => null),
      best: row.is_most === null || !isNumber || new Set(known).size < 2 ? null : most,
      isTable: row.values.some((value) => sizeOf(row, value)?.startsWith(TABLE)),
    };
  });
}

function textsOf(row: ComparedRow, numbers: (number | null)[] | null, say: Line["say"]): string[] {
  if (numbers && say) return numbers.map((one) => (one === null ? "" : say(one)));
  return row.section === "params" || !numbers ? row.values.map((value) => sizeOf(row, value) ?? textOf(value)) : figures(numbers);
}

const isWorse = (row: ComparedRow): boolean => row.is_most !== null && row.name.endsWith(row.is_most ? LEAST : GREATEST);

function nameOf(row: ComparedRow): string {
  if (row.section === "run") return OF_RUN[row.name]?.title ?? row.name;
  if (row.section !== "metrics") return row.name;
  for (const [end, word] of [
    [LEAST, "min"],
    [GREATEST, "max"],
  ] as const) {
    if (row.name.endsWith(end)) return `${word} ${row.name.slice(0, -end.length)}`;
  }
  return row.name;
}

function numberIn(value: unknown): number | null {
  const found = typeof value === "number" || value === "Infinity" || value === "-Infinity" ? toNumber(value) : null;
  return found !== null && Number.isFinite(found) ? found : null;
}

/** How large a logged table or list is, where all of it would fill the page. */
function sizeOf(row: ComparedRow, value: unknown): string | null {
  if (row.section !== "metrics" || typeof value !== "object" || value === null || JSON.stringify(value).length <= MOST_WRITTEN) return null;
  if (Array.isArray(value)) return `list of ${plural(value.length, "value")}`;
  const columns = Object.values(value);
  if (columns.some((one) => typeof one === "object" && one !== null && !Array.isArray(one))) return null; // a document, such as a confusion matrix
  const rows = columns.map((one) => (Array.isArray(one) ? one.length : 1));
  return `${TABLE} of ${plural(Math.max(...rows), "row")}`;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
