/** What runs: how far it is, how its goal's metric goes against the best run, what it uses, what it said last. */

import { useEffect, useState } from "preact/hooks";
import { bytes, duration, figure, memory, now, percent, took } from "../../format";
import { plain } from "../../log/ansi";
import { href } from "../../route";
import { canCancel, cancel } from "../../server/actions";
import { get } from "../../server/api";
import { info, isReadOnly } from "../../state";
import type { GoingRow, GoingRuns, MachineLoad, SeriesRow } from "../../types";
import { Button, Meter, RollupBar } from "../../ui/basics";
import { Band, RunName } from "./band";
import { Sparkline } from "./sparkline";

const WIDTH = 60;

export function RunningBand({ running, machine, reload }: { running: GoingRuns; machine: MachineLoad; reload: () => void }) {
  const curves = useCurves(running.runs);
  return (
    <Band title="Running" total={running.total} shown={running.runs.length} all={href(["runs"], { where: "status = Running" })}>
      {running.runs.length === 0 && <p class="dim">Nothing is running.</p>}
      <ul class="rows">
        {running.runs.map((one) => (
          <Going key={one.run.id} one={one} machine={machine} curves={curves} reload={reload} />
        ))}
      </ul>
    </Band>
  );
}

type Curves = ReadonlyMap<string, SeriesRow>;
const keyOf = (run: string, metric: string): string => `${run} ${metric}`;

/** The curves of the runs and of the best others, read again with each answer; the former ones stay until then. */
function useCurves(rows: GoingRow[]): Curves {
  const [curves, setCurves] = useState<Curves>(new Map());
  useEffect(() => {
    const control = new AbortController();
    const metrics = [...new Set(rows.flatMap((one) => (one.goal ? [one.goal.metric] : [])))];
    const read = metrics.map((metric) => {
      const of = rows.filter((one) => one.goal?.metric === metric);
      const runs = [...new Set(of.flatMap((one) => [one.run.id, ...(one.goal?.best ? [one.goal.best.run_id] : [])]))];
      return get("series", { run: runs, name: [metric], width: WIDTH, x: "step" }, control.signal);
    });
    Promise.all(read).then(
      (answers) => setCurves(new Map(answers.flatMap((one) => one.series).map((one): [string, SeriesRow] => [keyOf(one.run, one.name), one]))),
      () => undefined, // a run that is just gone; the next answer is without it
    );
    return () => control.abort();
  }, [rows]);
  return curves;
}

function Going({ one, machine, curves, reload }: { one: GoingRow; machine: MachineLoad; curves: Curves; reload: () => void }) {
  const { run, goal } = one;
  const own = goal && curves.get(keyOf(run.id, goal.metric));
  const best = goal?.best && curves.get(keyOf(goal.best.run_id, goal.metric));
  const line = plain(one.line).trim();
  return (
    <li class="going">
      <div class="row-text">
        <div class="row-head">
          <RunName run={run} />
          <span class="dim">{farWords(one, own)}</span>
        </div>
        <Far one={one} own={own} />
        {run.rollup && <RollupBar rollup={run.rollup} />}
        {line && (
          <code class="last-line" title={line}>
            {line}
          </code>
        )}
      </div>
      {goal && own && own.points > 0 && (
        <Sparkline metric={goal.metric} value={one.value} own={own} best={best ?? null} bestValue={goal.best?.value ?? null} isMost={goal.is_most} />
      )}
      <Uses one={one} machine={machine} />
      <div class="row-actions">
        <Button
          disabled={isReadOnly() || !canCancel(run)}
          label={`Cancel run ${run.number} of ${run.experiment}`}
          onClick={() => void cancel([run]).then(reload)}
        >
          Cancel
        </Button>
      </div>
    </li>
  );
}

/** The last step of a curve; null where its points have none. */
const stepOf = (own: SeriesRow | null | undefined): number | null => (own?.x === "step" ? (own.x_last.at(-1) ?? null) : null);

/** Which part is done: by its own progress, its steps, or its time limit. */
function partOf(one: GoingRow, own: SeriesRow | null | undefined): { part: number; by: "progress" | "steps" | "limit" } | null {
  const step = stepOf(own);
  if (typeof one.progress === "number" && one.progress > 0 && one.progress <= 1) return { part: one.progress, by: "progress" };
  if (one.total_steps && step !== null && step > 0 && step <= one.total_steps) return { part: step / one.total_steps, by: "steps" };
  const lasted = took(one.run);
  if (one.limit_s && lasted !== null && lasted < one.limit_s) return { part: lasted / one.limit_s, by: "limit" };
  return null;
}

function farWords(one: GoingRow, own: SeriesRow | null | undefined): string {
  const step = stepOf(own);
  const lasted = took(one.run);
  const words = [duration(lasted)];
  if (one.total_steps && step !== null) words.push(`step ${figure(step)} of ${figure(one.total_steps)}`);
  const known = partOf(one, own);
  if (known?.by === "progress") words.push(percent(100 * known.part));
  if (one.ends) words.push(left((Date.parse(one.ends) - now.value) / 1000));
  else if (known?.by === "steps" && lasted) words.push(left(lasted / known.part - lasted));
  else if (known?.by === "limit" && one.limit_s) words.push(`stopped in ${duration(one.limit_s - (lasted ?? 0))} at the latest`);
  return words.filter(Boolean).join(" · ");
}

const left = (seconds: number): string => (seconds > 0 ? `about ${duration(seconds < 60 ? Math.ceil(seconds) : Math.ceil(seconds / 60) * 60)} left` : "");

function Far({ one, own }: { one: GoingRow; own: SeriesRow | null | undefined }) {
  const known = partOf(one, own);
  if (!known) return null;
  const what = known.by === "limit" ? "of its time limit" : "done";
  return <Meter value={known.part} of={1} label={`${percent(100 * known.part)} ${what}`} />;
}

function Uses({ one, machine }: { one: GoingRow; machine: MachineLoad }) {
  const { cpu_percent: cpu, memory_kib: kib, gpu_percent: gpu, gpus } = one.run;
  const processors = info.value?.processors ?? 1;
  return (
    <div class="uses">
      {cpu !== null && <Use name="CPU" value={cpu} of={100 * processors} words={percent(cpu)} short={percent(cpu)} />}
      {kib !== null && (
        <Use name="Memory" value={kib * 1024} of={machine.memory_bytes} words={`${memory(kib)} of ${bytes(machine.memory_bytes)}`} short={memory(kib)} />
      )}
      {gpu !== null && <Use name="GPU" value={gpu} of={100 * (gpus ?? 1)} words={percent(gpu)} short={percent(gpu)} />}
    </div>
  );
}

function Use({ name, value, of, words, short }: { name: string; value: number; of: number; words: string; short: string }) {
  return (
    <span class="use">
      <span class="dim">{name}</span>
      <Meter value={value} of={of} label={`${name}: ${words}`} />
      <span>{short}</span>
    </span>
  );
}
