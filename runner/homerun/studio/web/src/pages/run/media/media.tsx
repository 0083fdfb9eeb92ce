/** What a run logged beside numbers. */

import "./media.css";
import { useState } from "preact/hooks";
import { Empty, Failure, Waiting } from "../../../ui/basics";
import { Boundary } from "../../../ui/boundary";
import { useMetrics } from "../metrics";
import type { TabProps } from "../tab";
import { Logged } from "./logged";

const PAGE = 24;
const WIDE = new Set(["table", "row", "json"]);

export function Media({ run }: TabProps) {
  const known = useMetrics(run);
  const [text, setText] = useState("");
  const [most, setMost] = useState(PAGE);
  if (!known.data) return known.error ? <Failure error={known.error} retry={known.reload} /> : <Waiting what="the media" />;
  const all = known.data.filter((one) => one.kind !== "number");
  if (!all.length) {
    return (
      <Empty title="No media yet">
        <p>Images, tables, lists and the documents of a classifier appear here while the script logs them:</p>
        <pre>
          {
            'run.log_image("sample", plot=figure)\nrun.log_table("recall", {"digit": [0, 1], "recall": [0.9, 0.8]})\nrun.log_confusion_matrix("confusion", matrix)'
          }
        </pre>
      </Empty>
    );
  }
  const matching = all.filter((one) => one.name.toLowerCase().includes(text.trim().toLowerCase()));
  return (
    <div class="metrics">
      {all.length > 3 && (
        <div class="bar">
          <input type="search" aria-label="Find by name" placeholder="Find by name" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </div>
      )}
      {matching.length === 0 && <p class="dim">Nothing has “{text}” in its name.</p>}
      <div class="media">
        {matching.slice(0, most).map((one) => (
          <div key={one.name} class={WIDE.has(one.kind) ? "is-wide" : ""}>
            <Boundary what={one.name}>
              <Logged run={run} metric={one} />
            </Boundary>
          </div>
        ))}
      </div>
      {matching.length > most && (
        <button type="button" class="button is-plain" onClick={() => setMost(most + PAGE)}>
          {`Show more (${matching.length - most} left)`}
        </button>
      )}
    </div>
  );
}
