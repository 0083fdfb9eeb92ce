/** The runs below a run, as a tree; each with what its own children add up to. */

import { useState } from "preact/hooks";
import { count } from "../../format";
import { go, href } from "../../route";
import { get } from "../../server/api";
import { useLive } from "../../server/live";
import { type Column, columnsOf, differing, hasMetric, metricsOf } from "../../table/columns";
import type { ChildrenAnswer, RunRow } from "../../types";
import { Ago, Button, Empty, Failure, RollupBar, RunLink, StatusMark, Tags, Took, Waiting } from "../../ui/basics";
import { Icon } from "../../ui/icon";
import { useLoaded, useThrottled } from "../../use";
import type { TabProps } from "./tab";

const PAGE = 100;
const MOST_PARAMS = 5;
const RELOAD_MS = 1000;

export function Children({ run }: TabProps) {
  const [most, setMost] = useState(PAGE);
  const fields = useLoaded((abort) => get("fields", { experiment: run.experiment, children: true }, abort), [run.experiment]);
  const metrics = (fields.data?.columns ?? []).filter((key) => key.startsWith("metrics."));
  const loaded = useLoaded((abort) => children(run, most, metricsOf(metrics), abort), [run.id], [most, metrics.join()]);
  const soon = useThrottled(loaded.reload, RELOAD_MS);
  useLive({ topics: [`run:${run.id}`, "runs"], experiment: run.experiment }, ({ event, data }) => {
    if (event === "reset") return soon();
    if (event !== "runs") return;
    const known = new Set(loaded.data?.runs.map((one) => one.id));
    if (data.changed.some((one) => one.parent === run.id || known.has(one.parent ?? ""))) soon();
  });
  const found = loaded.data;
  const params = differing(found?.runs ?? []).slice(0, MOST_PARAMS);
  const logged = metrics.filter((key) => found?.runs.some((one) => hasMetric(one, key.slice("metrics.".length))));
  const columns = columnsOf([...params.map((name) => `params.${name}`), ...logged], fields.data?.fields);
  if (!found) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the children" />;
  if (!found.total) {
    return (
      <Empty title="No children">
        <p>A script makes child runs with run.child_run() or by submitting runs. A grid makes one for each combination.</p>
      </Empty>
    );
  }
  return (
    <>
      <div class="bar">
        {found.rollup && <RollupBar rollup={found.rollup} />}
        <span class="grow" />
        <Button icon="columns" onClick={() => go(href(["runs"], { experiment: run.experiment, children: 1, where: [`parent = ${run.id}`] }))}>
          Open as a table
        </Button>
        <Button
          icon="compare"
          onClick={() =>
            go(
              href(["compare"], {
                ids: found.runs
                  .slice(0, 50)
                  .map((one) => one.id)
                  .join(","),
              }),
            )
          }
        >
          Compare
        </Button>
      </div>
      <div class="scrolled is-tall" tabIndex={0} role="region" aria-label="Children">
        <table class="plain is-lined tree">
          <thead>
            <tr>
              <th>Run</th>
              <th>Status</th>
              {columns.map((one) => (
                <th key={one.key} class={one.isNumber ? "is-number" : ""}>
                  {one.title}
                </th>
              ))}
              <th>Children</th>
              <th>Created</th>
              <th class="is-number">Duration</th>
              <th>Tags</th>
            </tr>
          </thead>
          <tbody>
            {found.runs.map((one) => (
              <Branch key={one.id} run={one} depth={0} columns={columns} round={loaded.answered} />
            ))}
          </tbody>
        </table>
      </div>
      {found.total > found.runs.length && <Button onClick={() => setMost(most + PAGE)}>{`Show more of ${count(found.total)}`}</Button>}
    </>
  );
}

async function children(run: RunRow, most: number, metrics: string[], abort: AbortSignal): Promise<ChildrenAnswer> {
  const first = await get("runs/{id}/children", { id: run.id, limit: Math.min(500, most), metrics }, abort);
  const runs = [...first.runs];
  while (runs.length < Math.min(most, first.total)) {
    const next = await get("runs/{id}/children", { id: run.id, skip: runs.length, limit: 500, metrics }, abort);
    if (!next.runs.length) break;
    runs.push(...next.runs);
  }
  return { ...first, runs };
}

interface BranchProps {
  run: RunRow;
  depth: number;
  columns: Column[];
  /** Counts up whenever the top was read again: what is open is read again with it. */
  round: number;
}

function Branch({ run, depth, columns, round }: BranchProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <tr>
        <th scope="row">
          <span class="branch" style={{ paddingLeft: `${depth * 20}px` }}>
            {run.children > 0 ? (
              <button type="button" class="fold" aria-expanded={isOpen} aria-label={`Children of run ${run.number}`} onClick={() => setOpen(!isOpen)}>
                <Icon name={isOpen ? "down" : "right"} />
              </button>
            ) : (
              <span class="fold" />
            )}
            <RunLink run={run} />
          </span>
        </th>
        <td>
          <StatusMark status={run.status} />
        </td>
        {columns.map((one) => (
          <td key={one.key} class={one.isNumber ? "is-number" : ""}>
            {one.cell(run)}
          </td>
        ))}
        <td>{run.rollup && <RollupBar rollup={run.rollup} />}</td>
        <td>
          <Ago time={run.created} />
        </td>
        <td class="is-number">
          <Took run={run} />
        </td>
        <td>
          <Tags tags={run.tags} />
        </td>
      </tr>
      {isOpen && <Below run={run} depth={depth + 1} columns={columns} round={round} />}
    </>
  );
}

function Below({ run, depth, columns, round }: BranchProps) {
  const metrics = metricsOf(columns.map((one) => one.key));
  const loaded = useLoaded((abort) => children(run, 500, metrics, abort), [run.id], [round, metrics.join()]);
  return (
    <>
      {loaded.data?.runs.map((one) => (
        <Branch key={one.id} run={one} depth={depth} columns={columns} round={round} />
      ))}
    </>
  );
}
