/** The images of several runs under one name: a row for each run, and one slider and one zoom for all of them. */

import "../run/media/media.css";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { count } from "../../format";
import { adjust, place, runHref } from "../../route";
import type { RunRow } from "../../types";
import { Button, Failure, Waiting } from "../../ui/basics";
import { Picture } from "../../ui/files";
import { useKeys } from "../../ui/keys";
import { useLoaded } from "../../use";
import { readImages } from "../run/media/images";
import { type Shot, shotAt, shotsOf } from "./joined";
import { type LoggedBy, labelOf } from "./logged";
import { scaled, WHOLE } from "./part";
import { Shared } from "./shared";
import { pushedBy, TIMES, ZoomButtons, Zoomed } from "./zoomed";

/** So many places stand beside each other. */
const BESIDE = [1, 2, 4, 8];

export function Media({ runs, round }: { runs: RunRow[]; round: number }) {
  return (
    <Shared
      runs={runs}
      round={round}
      kinds={["image"]}
      title="Media"
      what="images"
      label="Image"
      query="image"
      calls="run.log_image(…) does"
      show={(of, name, pick) => <Shots of={of} name={name} pick={pick} />}
    />
  );
}

function Shots({ of, name, pick }: { of: LoggedBy[]; name: string; pick: ComponentChildren }) {
  const about = of.map(({ run }) => run.id).join();
  const loaded = useLoaded(
    (abort) => Promise.all(of.map(({ run, metric }) => readImages(run.id, metric, abort))),
    [about, name],
    [of.map(({ metric }) => metric.count).join()],
  );
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the images" />;
  const { isStepped, shots, places } = shotsOf(loaded.data);
  return <Grid key={name} of={of} name={name} pick={pick} shots={shots} places={places} say={(at) => (isStepped ? `step ${count(at)}` : `no. ${count(at)}`)} />;
}

interface GridProps {
  of: LoggedBy[];
  name: string;
  pick: ComponentChildren;
  shots: Shot[][];
  places: number[];
  say: (place: number) => string;
}

function Grid({ of, name, pick, shots, places, say }: GridProps) {
  const { query } = place.value;
  const last = places.length - 1;
  const asked = query.has("step") ? places.findLastIndex((one) => one <= Number(query.get("step"))) : last;
  const at = Math.max(0, asked);
  const beside = BESIDE.find((one) => String(one) === query.get("beside")) ?? 1;
  // The newest stays in view by itself as long as nothing else was chosen.
  const show = (next: number): void => adjust({ step: next >= last ? null : places[Math.max(0, next)] });
  const [part, zoom] = useState(WHOLE);
  const move = (event: KeyboardEvent, otherwise?: () => void): void => {
    const next = pushedBy(part, event);
    if (next) zoom(next);
    else if (!event.shiftKey) otherwise?.();
  };
  useKeys("Media", [
    { keys: "+", does: "all images larger", run: () => zoom(scaled(part, TIMES)) },
    { keys: "-", does: "all images smaller", run: () => zoom(scaled(part, 1 / TIMES)) },
    { keys: "0", does: "all images as a whole", run: () => zoom(WHOLE) },
    { keys: "ArrowLeft", does: "the images of the step before", run: (event) => move(event, () => show(at - 1)) },
    { keys: "ArrowRight", does: "the images of the next step", run: (event) => move(event, () => show(at + 1)) },
    ...["ArrowUp", "ArrowDown"].map((keys) => ({ keys, does: "with Shift, as the other arrows: another part of larger images", run: move })),
  ]);
  const now = places[at];
  const shown = places.slice(Math.max(0, at - beside + 1), at + 1);
  return (
    <>
      <div class="bar">
        {pick}
        <label class="inline">
          <span>Beside each other</span>
          <select value={beside} onChange={(event) => adjust({ beside: event.currentTarget.value === "1" ? null : event.currentTarget.value })}>
            {BESIDE.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <ZoomButtons part={part} show={zoom} />
      </div>
      {places.length > 1 && now !== undefined && (
        <div class="steps">
          <Button icon="left" kind="bare" label="Previous step" disabled={at === 0} onClick={() => show(at - 1)} />
          <input
            type="range"
            aria-label={`Which images of ${name}`}
            aria-valuetext={say(now)}
            min={0}
            max={last}
            value={at}
            onInput={(event) => show(Number(event.currentTarget.value))}
          />
          <Button icon="right" kind="bare" label="Next step" disabled={at === last} onClick={() => show(at + 1)} />
          <span>
            {say(now)} of {count(places[last] ?? 0)}
          </span>
        </div>
      )}
      <Zoomed label={`Images ${name} of the runs`} part={part} show={zoom}>
        <table class="plain is-lined shots">
          <thead>
            <tr>
              <td />
              {shown.map((one) => (
                <th key={one} scope="col">
                  {say(one)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {of.map(({ run }, which) => (
              <tr key={run.id}>
                <th scope="row">
                  <a href={runHref(run.id, "media")}>{labelOf(run)}</a>
                </th>
                {shown.map((one) => (
                  <td key={one}>
                    <One run={run} shot={shotAt(shots[which] ?? [], one)} wanted={one} name={name} say={say} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Zoomed>
    </>
  );
}

/** What a run had then; where that is older, from when. */
function One({ run, shot, wanted, name, say }: { run: RunRow; shot: Shot | null; wanted: number; name: string; say: (place: number) => string }) {
  if (!shot) return <span class="dim">none yet</span>;
  return (
    <figure>
      <Picture run={run.id} file={shot.file} alt={`${name} of ${labelOf(run)}, ${say(shot.at)}`} isLink />
      {shot.at !== wanted && <figcaption class="dim">of {say(shot.at)}</figcaption>}
    </figure>
  );
}
