/** The logs of a run: which, and what is in it. */

import { bytes, isEnded } from "../../format";
import { LogViewer } from "../../log/viewer";
import { adjust, place } from "../../route";
import { get } from "../../server/api";
import { useLive } from "../../server/live";
import { Empty, Failure, Waiting } from "../../ui/basics";
import { useLoaded, useThrottled } from "../../use";
import type { TabProps } from "./tab";

const RELOAD_MS = 2000;

export function Logs({ run }: TabProps) {
  const loaded = useLoaded((abort) => get("runs/{id}/logs", { id: run.id }, abort), [run.id], [run.status]);
  const soon = useThrottled(loaded.reload, RELOAD_MS);
  const logs = loaded.data?.logs ?? [];
  useLive({ topics: [`run:${run.id}`] }, ({ event, data }) => {
    const isFiles = event === "run" && data.parts.includes("files");
    if (isFiles || (event === "log" && !logs.some((one) => one.name === data.name))) soon();
  });
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the logs" />;
  const asked = place.value.query.get("log");
  const name = asked ?? logs[0]?.name;
  if (!name) {
    return (
      <Empty title="No logs">
        <p>{isEnded(run.status) ? "The run wrote no logs." : "Logs appear here as soon as the run prints something."}</p>
      </Empty>
    );
  }
  return (
    <LogViewer key={name} run={run.id} name={name}>
      {logs.length > 1 && (
        <select aria-label="Which log" value={name} onChange={(event) => adjust({ log: event.currentTarget.value, line: null, at: null })}>
          {logs.map((one) => (
            <option key={one.name} value={one.name}>
              {one.is_live ? one.name : `${one.name} (${bytes(one.size)})`}
            </option>
          ))}
        </select>
      )}
    </LogViewer>
  );
}
