/** The code of two runs: where git had it, what was not committed, and what differs. */

import { adjust, place } from "../../route";
import { get } from "../../server/api";
import type { RunRow } from "../../types";
import { Failure, Waiting } from "../../ui/basics";
import { useLoaded } from "../../use";
import { Changes } from "../run/code/changed";
import { Git, Diff as Uncommitted } from "../run/code/code";
import { labelOf } from "./logged";
import "../run/files/files.css";

export function Code({ runs }: { runs: RunRow[] }) {
  const { query } = place.value;
  const from = runs.find((run) => run.id === query.get("base")) ?? runs[0];
  const to = runs.find((run) => run.id === query.get("to") && run !== from) ?? runs.find((run) => run !== from);
  if (!from || !to) return <p class="dim">One run alone has nothing to differ from.</p>;
  return (
    <section aria-label="Changes of the code">
      <div class="bar">
        <Choice label="From" name="base" run={from} runs={runs} />
        <Choice label="To" name="to" run={to} runs={runs.filter((run) => run !== from)} />
      </div>
      <Kept key={`from ${from.id}`} run={from} />
      <Kept key={`to ${to.id}`} run={to} />
      <Between from={from} to={to} />
    </section>
  );
}

function Choice({ label, name, run, runs }: { label: string; name: string; run: RunRow; runs: RunRow[] }) {
  return (
    <label class="inline">
      <span>{label}</span>
      <select value={run.id} onChange={(event) => adjust({ [name]: event.currentTarget.value })}>
        {runs.map((one) => (
          <option key={one.id} value={one.id}>
            {labelOf(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Where git had the code of a run, and a click away what was not committed. */
function Kept({ run }: { run: RunRow }) {
  const loaded = useLoaded((abort) => get("runs/{id}/code", { id: run.id }, abort), [run.id]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the code" />;
  const { git, has_diff } = loaded.data;
  if (!git && !has_diff) return null;
  const { query } = place.value;
  const open = query.getAll("diff");
  const isOpen = open.includes(run.id);
  const toggle = (isOn: boolean): void => {
    if (isOn !== isOpen) adjust({ diff: isOn ? [...open, run.id] : open.filter((id) => id !== run.id) });
  };
  return (
    <>
      <div class="kept-at">
        <b>{labelOf(run)}</b>
        {git && <Git git={git} />}
      </div>
      {has_diff && (
        <details open={isOpen} onToggle={(event) => toggle(event.currentTarget.open)}>
          <summary>Uncommitted changes of {labelOf(run)}</summary>
          {isOpen && <Uncommitted run={run} />}
        </details>
      )}
    </>
  );
}

/** Those of some runs of whose code nothing was kept, or not any more. */
async function withoutCopy(runs: RunRow[], abort: AbortSignal): Promise<RunRow[]> {
  const found = await Promise.all(runs.map((run) => get("runs/{id}/code", { id: run.id }, abort)));
  return runs.filter((_, at) => !found[at]?.is_there);
}

export function sameWords(bare: readonly string[]): string {
  if (!bare.length) return "The code of these runs is the same.";
  return `There is no copy of the code of ${bare.join(" and of ")}.`;
}

function Between({ from, to }: { from: RunRow; to: RunRow }) {
  const loaded = useLoaded(
    async (abort) => {
      const changes = await get("compare/code", { run: from.id, other: to.id }, abort);
      return { ...changes, bare: changes.text ? [] : await withoutCopy([from, to], abort) };
    },
    [from.id, to.id],
  );
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the changes" />;
  if (!loaded.data.text) return <p class="dim">{sameWords(loaded.data.bare.map(labelOf))}</p>;
  return (
    <section class="preview" aria-label="Changes">
      <h2>
        From {labelOf(from)} to {labelOf(to)}
      </h2>
      <Changes text={loaded.data.text} isCut={loaded.data.is_cut} />
    </section>
  );
}
