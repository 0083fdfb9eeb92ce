/** Where runs run, what goes on there, and what waits and why. */

import { useEffect } from "preact/hooks";
import { count, plural } from "../format";
import { experimentHref } from "../route";
import { canCancel, cancel } from "../server/actions";
import { get, post } from "../server/api";
import { useLive } from "../server/live";
import { isReadOnly, setTitle } from "../state";
import type { RunRow, TargetRow } from "../types";
import { Ago, Button, Failure, Meter, RunLink, StatusMark, Took, Waiting } from "../ui/basics";
import { complain } from "../ui/dialog";
import { useLoaded, useNews } from "../use";
import { activeWord, slotsWord } from "./slots";
import "./targets.css";

export function TargetsPage() {
  const loaded = useLoaded((abort) => get("targets", {}, abort), []);
  const [news, tell] = useNews<TargetRow>(loaded);
  const take = (told: TargetRow[]): void => tell(told.map((one) => [one.target, one]));
  useEffect(() => setTitle("Targets"), []);
  useLive({ topics: ["queue"] }, ({ event, data }) => {
    if (event === "reset") loaded.reload();
    else if (event === "queue") take(data.targets);
  });
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the targets" />;
  const targets = new Map([...loaded.data.targets.map((one): [string, TargetRow] => [one.target, one]), ...news]);
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Targets and queue</h1>
      </header>
      {[...targets.values()].map((one) => (
        <TargetCard key={one.target} target={one} take={take} />
      ))}
    </div>
  );
}

function TargetCard({ target, take }: { target: TargetRow; take: (told: TargetRow[]) => void }) {
  const act = async (verb: "pause" | "resume"): Promise<void> => {
    try {
      take([await post(`queue/${verb}`, { target: target.target })]);
    } catch (error) {
      complain(error);
    }
  };
  return (
    <section class="card target">
      <header>
        <h2>{target.target}</h2>
        {target.is_default && <span class="badge">default</span>}
        {target.paused && <span class="badge is-note">paused</span>}
        <span class="grow" />
        <Button icon={target.paused ? "play" : "pause"} disabled={isReadOnly()} onClick={() => void act(target.paused ? "resume" : "pause")}>
          {target.paused ? "Resume" : "Pause"}
        </Button>
      </header>
      <p class="facts">
        {!!target.slots && <Meter value={target.busy} of={target.slots} label={slotsWord(target)} />}
        <span>{slotsWord(target)}</span>
        <span>{activeWord(target, target.active.length)}</span>
        <span>{count(target.waiting.length)} waiting</span>
      </p>
      {target.active.length > 0 && (
        <table class="plain is-lined">
          <caption>Active</caption>
          <tbody>
            {target.active.map((run) => (
              <tr key={run.id}>
                <Who run={run} />
                <td>
                  <StatusMark status={run.status} />
                </td>
                <td class="is-number">
                  <Took run={run} />
                </td>
                <Stop run={run} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {target.waiting.length > 0 && (
        <table class="plain is-lined">
          <caption>Waiting, next run first</caption>
          <tbody>
            {target.waiting.map((one) => (
              <tr key={one.position}>
                <td class="is-number">{one.position}</td>
                {one.run ? (
                  <Who run={one.run} />
                ) : (
                  <th scope="row" class="dim">
                    deleted
                  </th>
                )}
                <td>{one.reason}</td>
                <td>{plural(one.slots, "slot")}</td>
                <td>{one.priority ? `priority ${one.priority}` : ""}</td>
                <td class="dim since">
                  <Ago time={one.since_utc} />
                </td>
                {one.run ? <Stop run={one.run} /> : <td />}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {target.active.length + target.waiting.length === 0 && <p class="dim">No run is active or waiting here.</p>}
    </section>
  );
}

function Who({ run }: { run: RunRow }) {
  return (
    <th scope="row">
      <a href={experimentHref(run.experiment)}>{run.experiment}</a> <RunLink run={run} />
    </th>
  );
}

function Stop({ run }: { run: RunRow }) {
  return (
    <td class="is-number">
      <Button
        icon="stop"
        kind="bare"
        label={`Cancel run ${run.number} of ${run.experiment}`}
        disabled={isReadOnly() || !canCancel(run)}
        onClick={() => void cancel([run])}
      >
        Cancel
      </Button>
    </td>
  );
}
