/** The record as it is. */

import { get, runPath } from "../../api";
import { Button, Failure, Waiting } from "../../ui/basics";
import { say } from "../../ui/dialog";
import { useLoaded } from "../../use";
import type { TabProps } from "./tab";

export function RawRecord({ run, answer }: TabProps) {
  const loaded = useLoaded((abort) => get<unknown>(runPath(run.id, "record"), {}, abort), [run.id, answer]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the record" />;
  const text = JSON.stringify(loaded.data, null, 2);
  return (
    <>
      <div class="bar">
        <span class="dim">What lies in the run's folder, as it is.</span>
        <span class="grow" />
        <Button onClick={() => void navigator.clipboard.writeText(text).then(() => say("Copied."))}>Copy</Button>
      </div>
      <pre class="scrolled is-tall" tabIndex={0}>{text}</pre>
    </>
  );
}
