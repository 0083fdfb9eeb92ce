/** Whose line is whose: to point at a name makes it stand out, to click it hides or shows it. */

import type { Signal } from "@preact/signals";
import type { Paint } from "./curve/paints";

export interface Name {
  key: string;
  label: string;
  paint: Paint;
  /** Where its name leads; "": nowhere. */
  href?: string;
}

interface Props {
  names: readonly Name[];
  hidden: readonly string[];
  above: Signal<string | null>;
  toggle: (key: string) => void;
  showAll: () => void;
}

export function Legend({ names, hidden, above, toggle, showAll }: Props) {
  return (
    <ul class="legend" aria-label="Lines">
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
            <span>{one.label}</span>
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

/** A piece of the line. */
export function Swatch({ paint }: { paint: Paint }) {
  return (
    <svg class="swatch" viewBox="0 0 24 8" aria-hidden="true">
      <line x1="0" y1="4" x2="24" y2="4" stroke={`var(${paint.token})`} stroke-dasharray={paint.dash.join(" ")} />
    </svg>
  );
}
