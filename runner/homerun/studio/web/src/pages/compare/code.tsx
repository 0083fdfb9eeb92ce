/** The changes from the code of one run to that of another. */

import { adjust, place } from "../../route";
import { get } from "../../server/api";
import type { RunRow } from "../../types";
import { Failure, Waiting } from "../../ui/basics";
import { useLoaded } from "../../use";

const MOST_LINES = 5_000;

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
      <Diff from={from} to={to} />
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
            {one.experiment} #{one.number}
          </option>
        ))}
      </select>
    </label>
  );
}

function Diff({ from, to }: { from: RunRow; to: RunRow }) {
  const loaded = useLoaded((abort) => get("compare/code", { run: from.id, other: to.id }, abort), [from.id, to.id]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the changes" />;
  const lines = (loaded.data.text ?? "").split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (!lines.length) return <p class="dim">The code of these runs is the same, or one of them has no copy of it.</p>;
  return (
    <>
      <pre class="code-diff" tabIndex={0} role="region" aria-label="Changes">
        {lines.slice(0, MOST_LINES).map((line, at) => (
          <span key={at} class={lookOf(line)}>
            {line}
            {"\n"}
          </span>
        ))}
      </pre>
      {(loaded.data.is_cut || lines.length > MOST_LINES) && <p class="dim">Only the beginning of the changes is shown.</p>}
    </>
  );
}

function lookOf(line: string): string {
  if (line.startsWith("---") || line.startsWith("+++")) return "is-about";
  if (line.startsWith("@@")) return "is-place";
  return line.startsWith("+") ? "is-new" : line.startsWith("-") ? "is-gone" : "";
}
