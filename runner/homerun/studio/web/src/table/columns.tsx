/** The columns that the table of runs can have. A column's key is the field it is sorted by. */

import type { ComponentChildren } from "preact";
import { duration, figure, isGoingOn, joinWords, memory, parameter, percent, shortParameter, toNumber } from "../format";
import { experimentHref, runHref } from "../route";
import { info } from "../state";
import type { FieldRow, RunRow } from "../types";
import { Ago, Meter, StatusMark, Tags, Took } from "../ui/basics";
import { spelled } from "./filter/conditions";

/** Take a value into the filter, or exclude it. */
export type Take = (field: string, value: string, isExcluded: boolean) => void;

export interface Column {
  key: string;
  title: string;
  width: number;
  isNumber: boolean;
  canSort: boolean;
  /** Less of it is better: a first click on its heading puts the least first. */
  isLow?: boolean;
  /** @param take what a click on one of several values does */
  cell: (run: RunRow, take?: Take) => ComponentChildren;
  /** The value that a click on the cell takes into the filter; null: it has none. */
  value?: (run: RunRow) => string | null;
}

interface Plain {
  title: string;
  width: number;
  isNumber?: boolean;
  canSort?: boolean;
  cell: Column["cell"];
  value?: NonNullable<Column["value"]>;
}

const PLAIN: Record<string, Plain> = {
  status: { title: "Status", width: 138, cell: (run) => <StatusMark status={run.status} />, value: (run) => run.status },
  error: { title: "Error", width: 320, cell: (run) => run.error && <span title={run.error}>{run.error}</span> },
  experiment: { title: "Experiment", width: 150, cell: (run) => <a href={experimentHref(run.experiment)}>{run.experiment}</a> },
  created: { title: "Created", width: 116, cell: (run) => <Ago time={run.created} /> },
  started: { title: "Started", width: 116, cell: (run) => <Ago time={run.started} /> },
  ended: { title: "Ended", width: 116, cell: (run) => <Ago time={run.ended} /> },
  duration_s: { title: "Duration", width: 108, isNumber: true, cell: (run) => <Took run={run} /> },
  user: { title: "Submitted by", width: 112, cell: (run) => run.user, value: (run) => run.user },
  target: { title: "Target", width: 90, cell: (run) => run.target, value: (run) => run.target },
  script: { title: "Script", width: 130, cell: (run) => run.script, value: (run) => run.script },
  arguments: { title: "Arguments", width: 220, cell: (run) => <code>{joinWords(run.arguments)}</code> },
  description: { title: "Description", width: 220, cell: (run) => run.description },
  tags: {
    title: "Tags",
    width: 220,
    canSort: false,
    cell: (run, take) => <Tags tags={run.tags} take={take && ((name, value, isExcluded) => take(`tags.${name}`, value ?? "", isExcluded))} />,
  },
  cpu_s: { title: "CPU time", width: 100, isNumber: true, cell: (run) => duration(run.cpu_s) },
  cpu_percent: { title: "CPU", width: 108, isNumber: true, cell: (run) => load(run, run.cpu_percent, 100 * (info.value?.processors ?? 1), percent) },
  memory_kib: { title: "Memory", width: 120, isNumber: true, cell: (run) => load(run, run.memory_kib, info.value?.memory_kib ?? 0, memory) },
  gpu_percent: { title: "GPU", width: 108, isNumber: true, cell: (run) => load(run, run.gpu_percent, 100 * (run.gpus ?? 1), percent) },
  gpu_memory_kib: { title: "GPU memory", width: 112, isNumber: true, cell: (run) => memory(run.gpu_memory_kib) },
  gpus: { title: "GPUs", width: 80, isNumber: true, cell: (run) => run.gpus },
  read_kib: { title: "Read", width: 90, isNumber: true, cell: (run) => memory(run.read_kib) },
  written_kib: { title: "Written", width: 90, isNumber: true, cell: (run) => memory(run.written_kib) },
  joules: { title: "Energy (J)", width: 100, isNumber: true, cell: (run) => figure(run.joules) },
  type: { title: "Type", width: 140, cell: (run) => run.type },
  parent: { title: "Parent", width: 200, cell: (run) => run.parent && <a href={runHref(run.parent)}>{run.parent}</a> },
  children: { title: "Children", width: 140, isNumber: true, canSort: false, cell: (run) => run.children || "" },
  id: { title: "Id", width: 260, cell: (run) => <code>{run.id}</code> },
};

const OF_ALL = ["created", "duration_s", "cpu_percent", "memory_kib"];

/**
 * The columns of a table as it comes.
 *
 * @param usual what these runs differ in, and are judged by
 * @param where the filter: of runs that failed it is shown why
 */
export function standardKeys(isAnywhere: boolean, hasGpus: boolean, usual: readonly string[], where: readonly string[]): string[] {
  const why = where.some((one) => /\b(failed|error)\b/i.test(one)) ? ["error"] : [];
  const own = usual.filter((key) => key !== "user");
  const who = usual.filter((key) => key === "user");
  return ["status", ...why, ...(isAnywhere ? ["experiment"] : []), ...own, ...OF_ALL, ...(hasGpus ? ["gpu_percent"] : []), ...who, "tags"];
}

export const PLAIN_KEYS = Object.keys(PLAIN);
const AGGREGATES = ["last", "min", "max", "mean"] as const;

/** What a run uses; while it goes on with a bar: of what the machine has. */
function load(run: RunRow, value: number | null, of: number, say: (value: number) => string): ComponentChildren {
  if (value === null) return "";
  if (!isGoingOn(run.status)) return say(value);
  return (
    <>
      <Meter value={value} of={of} label={of ? `${say(value)} of ${say(of)}` : say(value)} />
      <span>{say(value)}</span>
    </>
  );
}

/** Several columns; those that would have one title, as of a parameter and a metric, bear their whole names. */
export function columnsOf(keys: readonly string[], fields: readonly FieldRow[] = []): Column[] {
  const kinds = new Map(fields.map((one) => [one.name, one.kind]));
  const low = new Set(fields.flatMap((one) => (one.is_most === false ? [one.name] : [])));
  const all = keys.map((key) => ({ ...column(key, kinds), isLow: low.has(key) || (key.startsWith("metrics.") && low.has(metricOf(key).name)) }));
  const isAlone = (title: string): boolean => all.filter((one) => one.title === title).length === 1;
  return all.map((one) => (isAlone(one.title) ? one : { ...one, title: one.key }));
}

export function column(key: string, kinds: ReadonlyMap<string, FieldRow["kind"]> = new Map()): Column {
  const plain = PLAIN[key];
  if (plain) return { isNumber: false, canSort: true, ...plain, key };
  const cut = key.indexOf(".");
  const [area, name] = [key.slice(0, cut), key.slice(cut + 1)];
  const made = { key, width: 120, isNumber: false, canSort: true };
  if (area === "tags")
    return { ...made, title: name, cell: (run) => (name in run.tags ? (run.tags[name] ?? "✓") : ""), value: (run) => run.tags[name] ?? null };
  if (area === "properties")
    return { ...made, title: name, width: 160, cell: (run) => run.properties[name] ?? "", value: (run) => run.properties[name] ?? null };
  if (area === "params")
    return {
      ...made,
      title: name,
      width: 104,
      isNumber: kinds.get(key) === "number",
      cell: (run) => <span title={parameter(run.params[name])}>{shortParameter(run.params[name])}</span>,
      value: (run) => spelled(run.params[name] ?? "") || null,
    };
  if (area === "argument") return { ...made, title: name, canSort: false, cell: (run) => argument(run, name) };
  return { ...made, title: metricTitle(name), isNumber: true, width: 104, cell: (run) => metric(run, name) };
}

/** A metric's name and which of its numbers a field means: `loss.min` is the least of `loss`. */
export function metricOf(field: string): { name: string; which: (typeof AGGREGATES)[number] } {
  const which = AGGREGATES.find((one) => field.endsWith(`.${one}`));
  return which ? { name: field.slice(0, -which.length - 1), which } : { name: field, which: "last" };
}

/** The metrics to ask for: of `loss.min` also one that is called so, which then is meant. */
export function metricsOf(keys: readonly string[]): string[] {
  const named = keys.filter((key) => key.startsWith("metrics.")).map((key) => key.slice("metrics.".length));
  return [...new Set(named.flatMap((field) => [field, metricOf(field).name]))];
}

function metricTitle(field: string): string {
  const { name, which } = metricOf(field);
  return which === "last" ? name : `${which} ${name}`;
}

function metric(run: RunRow, field: string): string {
  if (field in run.metrics) return figure(toNumber(run.metrics[field]?.last));
  const { name, which } = metricOf(field);
  return figure(toNumber(run.metrics[name]?.[which]));
}

/** What follows a word of the command line, as in `--lr 0.1` or `--lr=0.1`: in addresses of former versions. */
function argument(run: RunRow, word: string): string {
  const at = run.arguments.indexOf(word);
  const next = run.arguments[at + 1];
  if (at >= 0) return next === undefined || /^--?[a-z]/i.test(next) ? "✓" : next;
  return run.arguments.find((one) => one.startsWith(`${word}=`))?.slice(word.length + 1) ?? "";
}
