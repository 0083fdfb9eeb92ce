/** The children of a run: the table of runs, and for a sweep a picture of it. */

import { adjust, place } from "../../route";
import { Button, Empty, RollupBar } from "../../ui/basics";
import { Boundary } from "../../ui/boundary";
import { lazily } from "../../ui/lazy";
import { Runs, type Told } from "../runs/runs";
import type { TabProps } from "./tab";

const Sweep = lazily(async () => (await import("../../analysis/sweep")).Sweep);

export function Children({ run, answer }: TabProps) {
  if (!run.children) {
    return (
      <Empty title="No children">
        <p>A script makes child runs with run.child_run() or by submitting runs. A grid makes one for each combination.</p>
      </Empty>
    );
  }
  return (
    <Runs
      scope={{ experiment: run.experiment, parent: run.id, withChildren: true, memory: `children ${run.experiment}` }}
      head={(told) => (
        <>
          <div class="bar">
            {told.total}
            {answer.rollup && <RollupBar rollup={answer.rollup} />}
          </div>
          <Picture told={told} />
        </>
      )}
    />
  );
}

/** Children that differ in parameters and are judged by a metric are a sweep. */
function Picture({ told }: { told: Told }) {
  const { usual, isRead, asked, metrics, changes } = told;
  const judged = usual.flatMap((key) => (key.startsWith("metrics.") ? [key.slice("metrics.".length)] : []));
  if (!judged.length || !usual.some((key) => key.startsWith("params."))) return null;
  const isShown = place.value.query.get("picture") !== "off";
  const fold = (
    <Button icon={isShown ? "down" : "right"} expanded={isShown} onClick={() => adjust({ picture: isShown ? "off" : null })}>
      Parallel coordinates
    </Button>
  );
  return (
    <section class={isShown ? "sweep" : ""} aria-label="Picture of the children">
      {isShown ? (
        <Boundary what="The picture">
          {isRead && <Sweep asked={asked} metrics={[...new Set([...judged, ...metrics])]} changes={changes} lead={fold} />}
        </Boundary>
      ) : (
        fold
      )}
    </section>
  );
}
