/** What is set of all charts at once. */

import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { FieldColumn } from "../analysis/fields";
import type { Axis } from "./curve/curves";
import { overAxis, type Size, type Spec } from "./model";

interface Props {
  spec: Spec;
  axis: Axis;
  /** The axis where the address says none. */
  usual: Axis;
  hasSteps: boolean;
  change: (change: Partial<Spec>) => void;
  /** What the slider of the smoothing says while it moves; "": none. */
  slider: ReadonlySignal<string>;
  slide: (word: string) => void;
  /** The averages are those of all points. */
  isRead: boolean;
  /** Fields that may colour the lines. */
  columns: readonly FieldColumn[];
  groups: readonly string[];
  /** Lets groups be chosen, if it can be here. */
  group: ((fields: string[]) => void) | undefined;
  /** Metrics that the x axis may be. */
  names: readonly string[];
  /** Only what is found of so many. */
  found: number;
  all: number;
}

const SIZES: [Size, string][] = [
  ["s", "Small"],
  ["m", "Medium"],
  ["l", "Large"],
];
const MOST_NAMES = 200;

export function Toolbar({ spec, axis, usual, hasSteps, change, slider, slide, isRead, columns, groups, group, names, found, all }: Props) {
  return (
    <div class="bar is-charts">
      <Find value={spec.find} set={(find) => change({ find })} />
      {spec.find && (
        <span class="dim" role="status">
          {found} of {all}
        </span>
      )}
      <label class="inline">
        <span>X axis</span>
        <select value={axis} onChange={(event) => change(overAxis(spec, event.currentTarget.value === usual ? "" : (event.currentTarget.value as Axis)))}>
          {hasSteps && <option value="step">step</option>}
          <option value="index">point number</option>
          <option value="relative">time since the first point</option>
          <option value="time">time of day</option>
          {names.length > 1 && (
            <optgroup label="a metric">
              {names.slice(0, MOST_NAMES).map((name) => (
                <option key={name} value={`metrics.${name}`}>
                  {name}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
      {group && <Field label="Group by" value={groups[0] ?? ""} names={groupable(columns, groups)} set={(name) => group(name ? [name] : [])} />}
      {!groups.length && columns.length > 0 && (
        <Field label="Colour by" value={spec.colour} names={columns.map((one) => one.name)} set={(colour) => change({ colour })} />
      )}
      <label class="inline">
        <span>Size</span>
        <select value={spec.size} onChange={(event) => change({ size: event.currentTarget.value as Size })}>
          {SIZES.map(([size, label]) => (
            <option key={size} value={size}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <Smoothing slider={slider} isRead={isRead} kept={spec.smoothing} set={slide} />
    </div>
  );
}

/** Fields in which runs have the same value rather than a number each. */
function groupable(columns: readonly FieldColumn[], groups: readonly string[]): string[] {
  const names = columns.map((one) => one.name).filter((name) => /^(params|tags)\.|^(status|experiment|user)$/.test(name));
  return [...new Set([...groups, ...names])];
}

interface FieldProps {
  label: string;
  value: string;
  names: readonly string[];
  set: (name: string) => void;
}

function Field({ label, value, names, set }: FieldProps) {
  return (
    <label class="inline">
      <span>{label}</span>
      <select value={names.includes(value) ? value : ""} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">none</option>
        {names.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

const TYPED_MS = 200;

function Find({ value, set }: { value: string; set: (text: string) => void }) {
  const [text, setText] = useState(value);
  const timer = useRef(0);
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <input
      type="search"
      aria-label="Find a metric"
      placeholder="Find a metric (regular expression)"
      value={text}
      onInput={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        clearTimeout(timer.current);
        timer.current = window.setTimeout(() => set(typed), TYPED_MS);
      }}
    />
  );
}

const KINDS = { ema: "exponential", gauss: "Gaussian", mean: "running mean" } as const;
type Kind = keyof typeof KINDS;
const USUAL: Record<Kind, number> = { ema: 0.9, gauss: 10, mean: 20 };

interface SmoothingProps {
  slider: ReadonlySignal<string>;
  /** What it said when it stood still. */
  kept: string;
  isRead: boolean;
  set: (word: string) => void;
}

/** By how much: a weight below 1, or so many points. */
function Smoothing({ slider, kept, isRead, set }: SmoothingProps) {
  const word = slider.value;
  const isRough = word !== "" && !(isRead && word === kept);
  const [kind, setKind] = useState<Kind>((word.split(":")[0] || "ema") as Kind);
  const amount = word ? Number(word.split(":")[1]) : 0;
  const isWeight = kind === "ema";
  const give = (value: number): void => set(value > 0 ? `${kind}:${value}` : "");
  return (
    <span class="inline" title="Draws a moving average of all points; the values themselves stay visible behind it">
      <label class="inline">
        <span>Smoothing</span>
        <input
          type="range"
          min={0}
          max={isWeight ? 0.99 : 200}
          step={isWeight ? 0.01 : 1}
          value={amount}
          onInput={(event) => give(Number(event.currentTarget.value))}
        />
      </label>
      <input
        class="is-short"
        type="number"
        aria-label="Smoothing as a number"
        min={0}
        max={isWeight ? 0.9999 : 1000}
        step="any"
        value={amount}
        onChange={(event) => give(Number(event.currentTarget.value))}
      />
      <select
        aria-label="Kind of smoothing"
        value={kind}
        onChange={(event) => {
          const next = event.currentTarget.value as Kind;
          setKind(next);
          if (word) set(`${next}:${USUAL[next]}`);
        }}
      >
        {Object.entries(KINDS).map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      {word && (
        <span class="dim is-rough" title="An average of the points on the screen, until the server answers with that of all points">
          {isRough ? "≈ preview" : ""}
        </span>
      )}
    </span>
  );
}
