/** How charts follow the slider of the smoothing: the lines alone are drawn again, of what is in view, once in a frame. */

import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useCallback, useEffect, useRef } from "preact/hooks";
import type { Drawn } from "./curve/draw";
import { smoothed } from "./curve/strokes";
import type { Plot } from "./plot";

export interface Slider {
  /** What it says, as `ema:0.9`; "": none. */
  word: ReadonlySignal<string>;
  /** What it said when it stood still: of that are the lines of a chart. */
  kept: string;
  /** Whether the chart is in view: what is not has time until the slider stands still. */
  isInView: RefObject<boolean>;
}

const SETTLE_MS = 150;

/** What a slider says, once in each frame, and how to move it; it is kept once it stands still. */
export function useSliding(kept: string, keep: (word: string) => void): [word: ReadonlySignal<string>, slide: (word: string) => void] {
  const word = useSignal(kept);
  const [frame, timer] = [useRef(0), useRef(0)];
  const keeping = useRef(keep);
  keeping.current = keep;
  const stop = (): void => {
    cancelAnimationFrame(frame.current);
    clearTimeout(timer.current);
  };
  useEffect(() => {
    stop(); // the address says something else than what was about to be kept
    word.value = kept;
  }, [kept]);
  useEffect(() => stop, []);
  const slide = useCallback((next: string) => {
    stop();
    frame.current = requestAnimationFrame(() => (word.value = next));
    timer.current = window.setTimeout(() => {
      word.value = next;
      keeping.current(next);
    }, SETTLE_MS);
  }, []);
  return [word, slide];
}

/** Draw what a slider says over what a chart has, as long as that is something else than it was kept at. */
export function usePreview(slider: Slider | undefined, plot: RefObject<Plot | null>, drawn: readonly Drawn[]): void {
  useEffect(() => {
    if (!slider) return;
    let isOther = false;
    return slider.word.subscribe((word) => {
      const wasOther = isOther;
      isOther = word !== slider.kept;
      if (!slider.isInView.current || !(isOther || wasOther)) return;
      plot.current?.preview(isOther ? drawn.map((one) => ({ ...one, stroke: smoothed(one.stroke, word) })) : drawn);
    });
  }, [slider, drawn]);
}
