/** What can be set of one chart, and what can be done with it. */

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../ui/basics";
import { complain } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { keepFile } from "../ui/keep";
import type { Line } from "./chart";
import type { Extent, Scale } from "./curve/scale";
import { csv, fileName, png, svg } from "./export";
import type { ChartSpec } from "./model";
import type { Plot } from "./plot";

interface Props {
  name: string;
  spec: ChartSpec;
  change: (change: Partial<ChartSpec>) => void;
  isPinned: boolean;
  pin: () => void;
  /** Has it fill the window. */
  fill: (() => void) | undefined;
  lines: readonly Line[];
  picture: RefObject<Plot | null>;
  /** How many points it has; undefined: they are of several runs. */
  points: string | undefined;
  values: (() => void) | undefined;
}

export function Menu(props: Props) {
  const element = useRef<HTMLDetailsElement>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (!isOpen) return;
    const close = (event: Event): void => {
      if (element.current && !element.current.contains(event.target as Node)) element.current.open = false;
    };
    addEventListener("pointerdown", close);
    addEventListener("focusin", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("focusin", close);
    };
  }, [isOpen]);
  return (
    <details
      class="chart-menu"
      ref={element}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !element.current?.open) return;
        event.stopPropagation();
        element.current.open = false;
        element.current.querySelector("summary")?.focus();
      }}
    >
      <summary aria-label={`Settings of ${props.name}`} title="Settings, export, full screen">
        <Icon name="more" />
      </summary>
      {isOpen && <Settings {...props} close={() => element.current && (element.current.open = false)} />}
    </details>
  );
}

const SCALES: [Scale, string][] = [
  ["linear", "linear"],
  ["log", "logarithmic"],
  ["symlog", "symmetric log"],
];

function Settings({ name, spec, change, isPinned, pin, fill, lines, picture, points, values, close }: Props & { close: () => void }) {
  const done = (act: () => void) => () => {
    act();
    close();
  };
  const draw = (make: (made: ReturnType<Plot["picture"]>) => Promise<void> | void) => () => {
    const made = picture.current?.picture();
    if (made) Promise.resolve(make(made)).catch(complain);
    close();
  };
  return (
    <div class="chart-menu-body">
      {points && <p class="dim">{points}</p>}
      <label class="inline">
        <span>Y axis</span>
        <select value={spec.scale} onChange={(event) => change({ scale: event.currentTarget.value as Scale })}>
          {SCALES.map(([scale, label]) => (
            <option key={scale} value={scale}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label class="inline">
        <input type="checkbox" checked={spec.isLogX} onChange={(event) => change({ isLogX: event.currentTarget.checked })} />
        <span>Logarithmic x axis</span>
      </label>
      <Range spec={spec} change={change} lines={lines} />
      <Button onClick={done(pin)}>{isPinned ? "Unpin" : "Pin to the top"}</Button>
      {fill && <Button onClick={done(fill)}>Full screen</Button>}
      {values && <Button onClick={done(values)}>All points</Button>}
      <div class="bar is-tools">
        <Button icon="download" onClick={draw(async (made) => void keep(await png(made, name), name, "png"))}>
          PNG
        </Button>
        <Button icon="download" onClick={draw((made) => keep(new Blob([svg(made, name)], { type: "image/svg+xml" }), name, "svg"))}>
          SVG
        </Button>
        <Button icon="download" onClick={done(() => keep(new Blob([csv(lines)], { type: "text/csv" }), name, "csv"))}>
          CSV
        </Button>
      </div>
    </div>
  );
}

function keep(content: Blob | null, name: string, end: string): void {
  if (!content) throw new Error("The browser has no room for the picture.");
  keepFile(fileName(name, end), content);
}

function Range({ spec, change, lines }: Pick<Props, "spec" | "change" | "lines">) {
  const kind = typeof spec.limits === "string" ? spec.limits : "from";
  const [low, high] = typeof spec.limits === "string" ? whole(lines) : spec.limits;
  const set = (first: number, last: number): void => {
    if (first < last) change({ limits: [first, last] });
  };
  return (
    <>
      <label class="inline">
        <span>Y range</span>
        <select
          value={kind}
          onChange={(event) => {
            const next = event.currentTarget.value;
            if (next === "from") set(low, high);
            else change({ limits: next as "all" | "inner" });
          }}
        >
          <option value="all">all values</option>
          <option value="inner">ignore outliers (1–99 %)</option>
          <option value="from">from … to</option>
        </select>
      </label>
      {kind === "from" && (
        <span class="inline">
          <input class="is-short" type="number" step="any" aria-label="From" value={low} onChange={(event) => set(Number(event.currentTarget.value), high)} />
          <input class="is-short" type="number" step="any" aria-label="To" value={high} onChange={(event) => set(low, Number(event.currentTarget.value))} />
        </span>
      )}
    </>
  );
}

function whole(lines: readonly Line[]): Extent {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { strokes } of lines)
    for (const { min, max } of strokes) {
      for (const one of min) if (one !== null && one < low) low = one;
      for (const one of max) if (one !== null && one > high) high = one;
    }
  return low < high ? [low, high] : [low - 1, low + 1].every(Number.isFinite) ? [low - 1, low + 1] : [0, 1];
}
