/** The images of one name: step by step, or all beside each other. */

import { useEffect, useState } from "preact/hooks";
import { count, plural } from "../../../format";
import { get } from "../../../server/api";
import type { MetricRow, PointRow, RunRow } from "../../../types";
import { Button, Failure, Switch } from "../../../ui/basics";
import { Picture } from "../../../ui/files";
import { useLoaded } from "../../../use";

/** So many of one name are shown: the last ones. */
const MOST = 1_000;
const PAGE = 24;

const before = (metric: MetricRow): number => Math.max(0, metric.count - MOST);

export async function readImages(run: string, metric: MetricRow, abort: AbortSignal): Promise<Image[]> {
  const skip = before(metric);
  const found = await get("runs/{id}/values", { id: run, name: metric.name, skip, limit: MOST }, abort);
  return imagesOf(found.values, metric.files ?? [], skip);
}

export function Images({ run, metric }: { run: RunRow; metric: MetricRow }) {
  /** By its number among all that were logged, from 0. */
  const [picked, setPicked] = useState<number | null>(null);
  const [isGallery, setGallery] = useState(false);
  const [most, setMost] = useState(PAGE);
  const skip = before(metric);
  const loaded = useLoaded((abort) => readImages(run.id, metric, abort), [run.id, metric.name], [metric.count]);
  // The newest comes into view by itself until one is picked.
  useEffect(() => setPicked(null), [run.id, metric.name]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <div class="logged" aria-busy="true" />;
  const images = loaded.data;
  const known = images.findIndex((one) => one.number === picked);
  const at = known < 0 ? images.length - 1 : known;
  const shown = images[at];
  if (!shown) return null;
  const pick = (which: number): void => setPicked(images[which]?.number ?? null);
  const stepOf = ({ step, number }: Image): string => (step === null ? `${count(number + 1)} of ${count(metric.count)}` : `step ${step}`);
  const alt = (one: Image): string => `${metric.name}, ${stepOf(one)}`;
  return (
    <>
      {isGallery ? (
        <div class="gallery" role="group" aria-label={`All images of ${metric.name}`}>
          {images.slice(0, most).map((one, which) => (
            <button
              key={one.number}
              type="button"
              aria-current={which === at}
              onClick={() => {
                pick(which);
                setGallery(false);
              }}
            >
              <Picture run={run.id} file={one.file} alt={alt(one)} />
              <span class="dim">{stepOf(one)}</span>
            </button>
          ))}
          {images.length > most && <Button onClick={() => setMost(most + PAGE)}>{`Show more (${images.length - most} left)`}</Button>}
        </div>
      ) : (
        <Picture run={run.id} file={shown.file} alt={alt(shown)} isLink />
      )}
      {images.length > 1 && (
        <div class="steps">
          <Button icon="left" kind="bare" label={`Previous image of ${metric.name}`} disabled={at === 0} onClick={() => pick(at - 1)} />
          <input
            type="range"
            aria-label={`Which image of ${metric.name}`}
            aria-valuetext={stepOf(shown)}
            min={0}
            max={images.length - 1}
            value={at}
            onInput={(event) => pick(Number(event.currentTarget.value))}
          />
          <Button icon="right" kind="bare" label={`Next image of ${metric.name}`} disabled={at === images.length - 1} onClick={() => pick(at + 1)} />
          <span>{stepOf(shown)}</span>
          <Switch label="Gallery" on={isGallery} change={setGallery} />
        </div>
      )}
      {skip > 0 ? (
        <p class="dim">
          The last {plural(images.length, "image")}; {count(skip)} came before.
        </p>
      ) : (
        images.length > 1 && <p class="dim">{plural(images.length, "image")}</p>
      )}
    </>
  );
}

interface Image {
  file: string;
  step: number | null;
  number: number;
}

/** The points that are images; what else was logged under their name is none. */
export function imagesOf(values: readonly PointRow[], files: readonly string[], skip: number): Image[] {
  const known = new Set(files);
  return values.flatMap(({ value, step }, at) => (typeof value === "string" && known.has(value) ? [{ file: value, step, number: skip + at }] : []));
}
