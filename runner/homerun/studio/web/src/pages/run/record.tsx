/** The record as it is. */

import { get } from "../../server/api";
import { Button, Failure, Waiting } from "../../ui/basics";
import { copy } from "../../ui/clipboard";
import { useLoaded } from "../../use";
import type { TabProps } from "./tab";

export function RawRecord({ run, answer }: TabProps) {
  const loaded = useLoaded((abort) => get("runs/{id}/record", { id: run.id }, abort), [run.id], [answer]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the record" />;
  const text = JSON.stringify(loaded.data, null, 2);
  return (
    <>
      <div class="bar">
        <span class="dim">The record in the run's folder, as JSON.</span>
        <span class="grow" />
        <Button onClick={() => void copy(text, "select the text below and copy it.")}>Copy</Button>
      </div>
      <pre class="scrolled is-tall" tabIndex={0}>
        {text}
      </pre>
    </>
  );
}
