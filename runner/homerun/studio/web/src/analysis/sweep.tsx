/** What became of the runs of a table, above it: each one as a line through its parameters to a metric. */

import type { ComponentChildren } from "preact";
import { count } from "../format";
import { get } from "../server/api";
import type { Queries } from "../types";
import { Failure, Waiting } from "../ui/basics";
import { useLoaded } from "../use";
import { Parallel } from "./parallel";

/** So many at most: of more lines no single one is seen. */
const MOST = 500;

interface Props {
  asked: Queries["runs"];
  metrics: readonly string[];
  /** Counts up when runs have changed. */
  changes: number;
  lead: ComponentChildren;
}

export function Sweep({ asked, metrics, changes, lead }: Props) {
  const { experiment, where, children, sort } = asked;
  const key = JSON.stringify([experiment, where, children, sort]);
  const loaded = useLoaded(
    (abort) => get("runs", { experiment, where, children, sort, metrics: [...metrics], limit: MOST }, abort),
    [],
    [key, metrics.join("\n"), changes],
  );
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the picture" />;
  const { runs, total } = loaded.data;
  return (
    <>
      <Parallel runs={runs} lead={lead} />
      {total > runs.length && (
        <p class="dim">
          Of {count(total)} runs the first {count(runs.length)} of the table are drawn.
        </p>
      )}
    </>
  );
}
