/** One chart: a picture that says what is under the pointer, and to those who do not see it what is under the cursor. */

import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { figure } from "../format";
import { repaint } from "../ui/theme";
import { useSize } from "../use";
import type { Axis } from "./curve/curves";
import type { Drawn } from "./curve/draw";
import type { Paint } from "./curve/paints";
import type { Extent } from "./curve/scale";
import type { Stroke } from "./curve/strokes";
import { type ChartSpec, PLAIN, type Zoom } from "./model";
import { Plot } from "./plot";
import { type Slider, usePreview } from "./smoothing";
import type { Told } from "./tip";

/** What is drawn of a run or of a group. */
export interface Line {
  key: string;
  label: string;
  paint: Paint;
  /** As many as the script was begun. */
  strokes: Stroke[];
}

interface Props {
  lines: readonly Line[];
  title: string;
  axis: Axis;
  /** From where to where it goes, unless a part is shown; null: as its points lie. */
  across?: Extent | null;
  height: number;
  spec?: ChartSpec;
  zoom?: (zoom: Zoom | null) => void;
  /** How its values are written. */
  say?: (value: unknown) => string;
  /** Its values are bytes. */
  isSize?: boolean;
  /** Charts with the same word have one cursor. */
  link?: string;
  /** The key of the line that stands out in all charts. */
  above?: Signal<string | null>;
  /** Called with what is under the cursor, also when it is over another chart. */
  read?: (told: Told | null) => void;
  enter?: () => void;
  /** It is not in view: it is drawn once it is. */
  isAway?: boolean;
  picture?: RefObject<Plot | null>;
  /** While it moves, another average is drawn at once. */
  slider?: Slider | undefined;
}

export function Chart({
  lines,
  title,
  axis,
  across = null,
  height,
  spec = PLAIN,
  zoom,
  say = figure,
  isSize = false,
  link = "",
  above,
  read,
  enter,
  isAway = false,
  picture,
  slider,
}: Props) {
  const [attach, size] = useSize<HTMLDivElement>();
  const frame = useRef<HTMLDivElement | null>(null);
  const tip = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const own = useSignal<string | null>(null);
  const [told, setTold] = useState<Told | null>(null);
  const react = useRef({ zoom, read });
  react.current = { zoom, read };
  const drawn = useMemo(() => lines.flatMap(drawnOf), [lines]);
  const shown = { drawn, axis, across, spec, isNamed: lines.length > 1, say, isSize, isSaid: say !== figure };

  useEffect(() => {
    if (!frame.current || !tip.current || !size.width) return;
    plot.current = new Plot({ frame: frame.current, tip: tip.current }, shown, { width: size.width, height }, above ?? own, link, {
      zoom: (next) => react.current.zoom?.(next),
      read: (next, byKeys) => {
        react.current.read?.(next);
        if (byKeys) setTold(next);
      },
    });
    const made = plot.current;
    if (picture) picture.current = made;
    return () => made.close();
  }, [size.width > 0, link]);
  useEffect(() => {
    if (size.width && !isAway) plot.current?.update(shown, { width: size.width, height });
  }, [drawn, axis, String(across), spec, size.width, height, isAway, repaint.value]);
  usePreview(slider, plot, drawn);
  // One function for good: with another one each time the chart would be measured again, and drawn twice.
  const hold = useCallback((element: HTMLDivElement | null) => {
    frame.current = element;
    attach(element);
  }, []);

  const keys = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 }[event.key];
    if (way) plot.current?.step(way);
    else if (event.key === "Escape" && told) {
      plot.current?.leave();
      setTold(null);
    } else if (event.key === "Enter" && enter) enter();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="chart" style={{ height: `${height}px` }}>
      <div
        class="chart-frame"
        role="img"
        tabIndex={0}
        aria-label={`${title}: ${lines.map((one) => `${one.label} ${say(lastOf(one))}`).join(", ")}`}
        aria-keyshortcuts="ArrowLeft ArrowRight"
        onKeyDown={keys}
        onBlur={() => plot.current?.leave()}
        ref={hold}
      />
      <div class="chart-tip" ref={tip} hidden />
      <div class="unseen" aria-live="polite">
        {told && <Readout told={told} title={title} />}
      </div>
    </div>
  );
}

function Readout({ told, title }: { told: Told; title: string }) {
  return (
    <table>
      <caption>
        {title}, {told.place}
      </caption>
      <tbody>
        {told.rows.map((one, at) => (
          <tr key={at}>
            <th scope="row">{one.label || title}</th>
            <td>{one.words}</td>
            <td>{one.more}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function lastOf({ strokes }: Line): number | null {
  return strokes.at(-1)?.mean.findLast((one) => one !== null) ?? null;
}

function drawnOf({ key, label, paint, strokes }: Line): Drawn[] {
  return strokes.map((stroke, at) => ({
    stroke,
    key,
    label: strokes.length > 1 ? `${label}, part ${at + 1} of ${strokes.length}` : label,
    paint,
    isFormer: at < strokes.length - 1,
    isAgain: at > 0,
  }));
}
