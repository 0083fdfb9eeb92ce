/** Whose line is whose: to point at a name makes it stand out, to click it hides or shows it. */

import type { Signal } from "@preact/signals";
import { figure } from "../format";
import { type Paint, SHADES, shadeOf } from "./curve/paints";

export interface Name {
  key: string;
  label: string;
  paint: Paint;
  /** Its name says that there is nothing. */
  isDim?: boolean;
  /** The runs of a group. */
  runs?: readonly string[];
  /** Where its name leads; "": nowhere. */
  href?: string;
}

interface Props {
  names: readonly Name[];
  /** The fields that tell them apart; "": none does. */
  title?: string;
  /** From which number to which their colours go. */
  scale?: { low: number; high: number; isLog: boolean } | null;
  hidden: readonly string[];
  above: Signal<string | null>;
  toggle: (key: string) => void;
  showAll: () => void;
}

export function Legend({ names, title = "", scale = null, hidden, above, toggle, showAll }: Props) {
  return (
    <ul class="legend" aria-label="Lines">
      {title && (
        <li class="legend-title">
          <b>{title}</b>
          {scale && <Scale {...scale} />}
        </li>
      )}
      {names.map((one) => (
        <li key={one.key}>
          <button
            type="button"
            aria-pressed={!hidden.includes(one.key)}
            title={`${one.label}: click to ${hidden.includes(one.key) ? "show" : "hide"} it`}
            onClick={() => toggle(one.key)}
            onPointerEnter={() => (above.value = one.key)}
            onPointerLeave={() => (above.value = null)}
            onFocus={() => (above.value = one.key)}
            onBlur={() => (above.value = null)}
          >
            <Swatch paint={one.paint} />
            <span class={one.isDim ? "dim" : ""}>{one.label}</span>
          </button>
        </li>
      ))}
      {hidden.some((key) => names.some((one) => one.key === key)) && (
        <li>
          <button type="button" class="quiet" onClick={showAll}>
            Show all
          </button>
        </li>
      )}
    </ul>
  );
}

/** The colours from the least to the greatest number. */
function Scale({ low, high, isLog }: { low: number; high: number; isLog: boolean }) {
  return (
    <span class="scale" title={isLog ? "by powers of ten" : undefined}>
      <span>{figure(low)}</span>
      <svg viewBox={`0 0 ${SHADES} 1`} preserveAspectRatio="none" aria-hidden="true">
        {Array.from({ length: SHADES }, (_, at) => (
          <rect key={at} x={at} width="1.1" height="1" fill={`var(${shadeOf(at / (SHADES - 1)).token})`} />
        ))}
      </svg>
      <span>{figure(high)}</span>
      {isLog && <span class="dim">log</span>}
    </span>
  );
}

/** A piece of the line. */
export function Swatch({ paint }: { paint: Paint }) {
  return (
    <svg class="swatch" viewBox="0 0 24 8" aria-hidden="true">
      <line x1="0" y1="4" x2="24" y2="4" stroke={`var(${paint.token})`} stroke-dasharray={paint.dash.join(" ")} />
    </svg>
  );
}
