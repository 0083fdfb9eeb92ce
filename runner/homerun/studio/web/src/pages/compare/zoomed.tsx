/** A region in which all images show the same part: by ctrl and the wheel, by dragging, and by keys. */

import type { ComponentChildren } from "preact";
import { count } from "../../format";
import { Button } from "../../ui/basics";
import { type Part, pushed, type Spot, scaled, WHOLE } from "./part";

const WHEEL = 0.9985;
/** So much larger it gets by a key or a button. */
export const TIMES = 1.5;
const PUSH = 0.1;

interface Props {
  label: string;
  part: Part;
  show: (part: Part) => void;
  children: ComponentChildren;
}

/** Where the part moves by an arrow. */
const PUSHES: Record<string, Spot> = {
  ArrowLeft: { x: PUSH, y: 0 },
  ArrowRight: { x: -PUSH, y: 0 },
  ArrowUp: { x: 0, y: PUSH },
  ArrowDown: { x: 0, y: -PUSH },
};

/** The frame of the image at which something happens; null: it does beside them. */
const frameOf = (event: Event): HTMLElement | null => (event.target as Element).closest<HTMLElement>("figure > a");

export function Zoomed({ label, part, show, children }: Props) {
  const isZoomed = part.scale > 1;
  const wheel = (event: WheelEvent): void => {
    const frame = event.ctrlKey ? frameOf(event) : null;
    if (!frame) return;
    event.preventDefault();
    const place = frame.getBoundingClientRect();
    const at = { x: (event.clientX - place.left) / place.width, y: (event.clientY - place.top) / place.height };
    show(scaled(part, WHEEL ** event.deltaY, at));
  };
  const drag = (event: PointerEvent): void => {
    const frame = frameOf(event);
    if (!isZoomed || !frame || event.button !== 0 || !event.isPrimary) return;
    const { width, height } = frame.getBoundingClientRect();
    frame.setPointerCapture(event.pointerId);
    frame.onpointermove = (now) => now.isPrimary && show(pushed(part, { x: (now.clientX - event.clientX) / width, y: (now.clientY - event.clientY) / height }));
    frame.onpointerup = frame.onpointercancel = () => (frame.onpointermove = null);
  };
  return (
    <div
      class={`scrolled is-tall ${isZoomed ? "is-zoomed" : ""}`}
      tabIndex={0}
      role="region"
      aria-label={label}
      aria-keyshortcuts="+ - 0 Shift+ArrowLeft Shift+ArrowRight Shift+ArrowUp Shift+ArrowDown"
      style={{ "--scale": part.scale, "--right": (0.5 - part.x) * part.scale, "--down": (0.5 - part.y) * part.scale }}
      onWheel={wheel}
      onPointerDown={drag}
      onDblClick={(event) => frameOf(event) && show(WHOLE)}
      // An image that is held is neither dragged away nor opened; by keys it still is opened.
      onDragStart={(event) => isZoomed && event.preventDefault()}
      onClick={(event) => isZoomed && event.detail > 0 && frameOf(event) && event.preventDefault()}
    >
      {children}
    </div>
  );
}

/** The part that is shown after an arrow with Shift; null: it is none. */
export function pushedBy(part: Part, { key, shiftKey }: KeyboardEvent): Part | null {
  const by = shiftKey && part.scale > 1 ? PUSHES[key] : undefined;
  return by ? pushed(part, by) : null;
}

/** How large the images are drawn, and buttons for that. */
export function ZoomButtons({ part, show }: Pick<Props, "part" | "show">) {
  return (
    <span
      class="inline"
      role="group"
      aria-label="Zoom of all images"
      title="Also by Ctrl and the wheel; drag, or press Shift and an arrow, to see another part"
    >
      <span>Zoom</span>
      <Button icon="minus" kind="bare" label="Zoom out" disabled={part.scale <= 1} onClick={() => show(scaled(part, 1 / TIMES))} />
      <span role="status">{count(Math.round(100 * part.scale))} %</span>
      <Button icon="plus" kind="bare" label="Zoom in" onClick={() => show(scaled(part, TIMES))} />
      {part.scale > 1 && <Button onClick={() => show(WHOLE)}>Reset zoom</Button>}
    </span>
  );
}
