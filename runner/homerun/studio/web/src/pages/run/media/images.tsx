/** The images of one name: step by step, or all beside each other. */

import { useEffect, useState } from "preact/hooks";
import { plural } from "../../../format";
import { get } from "../../../server/api";
import type { MetricRow, RunRow } from "../../../types";
import { Button, Switch } from "../../../ui/basics";
import { Picture } from "../../../ui/files";
import { useLoaded } from "../../../use";

const MOST = 10_000;
const PAGE = 24;

export function Images({ run, metric, files }: { run: RunRow; metric: MetricRow; files: string[] }) {
  const [picked, setPicked] = useState<number | null>(null);
  const [isGallery, setGallery] = useState(false);
  const [most, setMost] = useState(PAGE);
  const skip = Math.max(0, metric.count - MOST);
  const loaded = useLoaded(
    async (abort) => (await get("runs/{id}/values", { id: run.id, name: metric.name, skip, limit: MOST }, abort)).values,
    [run.id, metric.name],
    [metric.count],
  );
  // The newest comes into view by itself until one is picked.
  useEffect(() => setPicked(null), [run.id, metric.name]);
  const at = Math.min(picked ?? files.length - 1, files.length - 1);
  const file = files[at];
  if (!file) return null;
  const stepOf = (which: number): string => {
    const step = loaded.data?.[loaded.data.length - files.length + which]?.step;
    return typeof step === "number" ? `step ${step}` : `${which + 1} of ${files.length}`;
  };
  const alt = (which: number): string => `${metric.name}, ${stepOf(which)}`;
  return (
    <>
      {isGallery ? (
        <div class="gallery" role="group" aria-label={`All images of ${metric.name}`}>
          {files.slice(0, most).map((one, which) => (
            <button
              key={one}
              type="button"
              aria-current={which === at}
              onClick={() => {
                setPicked(which);
                setGallery(false);
              }}
            >
              <Picture run={run.id} file={one} alt={alt(which)} />
              <span class="dim">{stepOf(which)}</span>
            </button>
          ))}
          {files.length > most && <Button onClick={() => setMost(most + PAGE)}>{`Show more (${files.length - most} left)`}</Button>}
        </div>
      ) : (
        <Picture run={run.id} file={file} alt={alt(at)} isLink />
      )}
      {files.length > 1 && (
        <div class="steps">
          <Button icon="left" kind="bare" label={`Previous image of ${metric.name}`} disabled={at === 0} onClick={() => setPicked(at - 1)} />
          <input
            type="range"
            aria-label={`Which image of ${metric.name}`}
            aria-valuetext={stepOf(at)}
            min={0}
            max={files.length - 1}
            value={at}
            onInput={(event) => setPicked(Number(event.currentTarget.value))}
          />
          <Button icon="right" kind="bare" label={`Next image of ${metric.name}`} disabled={at === files.length - 1} onClick={() => setPicked(at + 1)} />
          <span>{stepOf(at)}</span>
          <Switch label="Gallery" on={isGallery} change={setGallery} />
        </div>
      )}
      {files.length > 1 && <p class="dim">{plural(files.length, "image")}</p>}
    </>
  );
}
