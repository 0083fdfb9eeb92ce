/** The small parts that every page is made of. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ago, duration, figure, moment, statusWord, took } from "../format";
import { runHref } from "../route";
import type { Rollup, RunRow, Status } from "../types";
import { Icon, type IconName, statusIcon } from "./icon";

export function StatusMark({ status }: { status: Status }) {
  return (
    <span class={`status is-${status}`}>
      <Icon name={statusIcon(status)} />
      <span>{statusWord(status)}</span>
    </span>
  );
}

function Bar({ parts }: { parts: [Status, number][] }) {
  return (
    <span class="rollup-bar" aria-hidden="true">
      {parts.map(([status, number]) => (
        <span key={status} class={`is-${status}`} style={{ flexGrow: String(number) }} />
      ))}
    </span>
  );
}

/** How many runs have which status, as a bar alone. */
export function StatusBar({ parts }: { parts: [Status, number][] }) {
  const words = parts.map(([status, number]) => `${number} ${statusWord(status)}`).join(", ");
  return (
    <span class="status-bar" role="img" aria-label={words} title={words}>
      <Bar parts={parts} />
    </span>
  );
}

/** @param isBare without the words, which then are its name and its title */
export function RollupBar({ rollup, isBare = false }: { rollup: Rollup; isBare?: boolean }) {
  const parts = Object.entries(rollup.by_status) as [Status, number][];
  const best = rollup.best;
  const words = [
    ...parts.map(([status, number]) => `${number} ${statusWord(status)}`),
    ...(best ? [`best ${best.metric} ${figure(best.value)} (${best.run_number ? `#${best.run_number}` : best.run_id})`] : []),
  ].join(", ");
  return (
    <span class="rollup" title={words} {...(isBare ? { role: "img", "aria-label": words } : {})}>
      <Bar parts={parts} />
      {!isBare && <span>{words}</span>}
    </span>
  );
}

interface ButtonProps {
  icon?: IconName;
  children?: ComponentChildren;
  label?: string;
  onClick?: (event: MouseEvent) => void;
  disabled?: boolean;
  kind?: "plain" | "main" | "danger" | "bare";
  pressed?: boolean;
  type?: "button" | "submit";
  hint?: string;
  expanded?: boolean;
}

export function Button({ icon, children, label, onClick, disabled, kind = "plain", pressed, type = "button", hint, expanded }: ButtonProps) {
  return (
    <button
      type={type}
      class={`button is-${kind} ${children ? "" : "is-square"}`}
      onClick={onClick}
      disabled={disabled}
      aria-label={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      title={hint ?? (children ? undefined : label)}
    >
      {icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}

export function TagChip({ name, value }: { name: string; value: string | null }) {
  return (
    <span class="chip" title={value === null ? name : `${name}: ${value}`}>
      <b>{name}</b>
      {value !== null && value !== "" && <span>{value}</span>}
    </span>
  );
}

interface TagsProps {
  tags: Record<string, string | null>;
  /** What a click on one does. */
  take?: ((name: string, value: string | null, isExcluded: boolean) => void) | undefined;
}

export function Tags({ tags, take }: TagsProps) {
  return (
    <span class="chips">
      {Object.entries(tags).map(([name, value]) =>
        take ? (
          <button
            key={name}
            type="button"
            class="chip-button"
            tabIndex={-1}
            onClick={(event) => {
              event.stopPropagation();
              take(name, value, event.altKey);
            }}
          >
            <TagChip name={name} value={value} />
          </button>
        ) : (
          <TagChip key={name} name={name} value={value} />
        ),
      )}
    </span>
  );
}

export function Ago({ time }: { time: string | null }) {
  return time ? (
    <time dateTime={time} title={moment(time)}>
      {ago(time)}
    </time>
  ) : null;
}

export function Took({ run }: { run: Pick<RunRow, "duration_s" | "status" | "started"> }) {
  return <>{duration(took(run))}</>;
}

export function RunLink({ run }: { run: Pick<RunRow, "id" | "name" | "number"> }) {
  return (
    <a href={runHref(run.id)} class="run-link">
      <span class="number">#{run.number}</span> {run.name === run.id ? "" : run.name}
    </a>
  );
}

interface PlaceProps {
  to: string;
  isHere: boolean;
  children: ComponentChildren;
}

/** A link of a row of links; the one to where the user is stays in sight where not all of them have room. */
export function PlaceLink({ to, isHere, children }: PlaceProps) {
  const link = useRef<HTMLAnchorElement>(null);
  useLayoutEffect(() => {
    const row = link.current?.parentElement;
    if (!isHere || !row || !link.current) return;
    const [own, all] = [link.current.getBoundingClientRect(), row.getBoundingClientRect()];
    row.scrollLeft += Math.min(0, own.left - all.left) + Math.max(0, own.right - all.right);
  }, [isHere]);
  return (
    <a ref={link} href={to} aria-current={isHere ? "page" : undefined}>
      {children}
    </a>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Failure({ error, retry }: { error: Error; retry?: (() => void) | undefined }) {
  return (
    <div class="failure" role="alert">
      <Icon name="warning" />
      <p>{error.message}</p>
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

/** What the server has left out, a sentence for each. */
export function Refusals({ sentences }: { sentences: string[] }) {
  if (!sentences.length) return null;
  return (
    <div class="failure is-mild">
      <Icon name="warning" />
      <ul class="plain-list">
        {sentences.map((one, at) => (
          <li key={at}>{one}</li>
        ))}
      </ul>
    </div>
  );
}

const LONG_MS = 10_000;

export function Waiting({ what }: { what: string }) {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), LONG_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p class="waiting" role="status">
      Loading {what} …{isLong && " Studio has not answered for ten seconds."}
    </p>
  );
}

interface SwitchProps {
  label: string;
  on: boolean;
  change: (on: boolean) => void;
  disabled?: boolean;
}

export function Switch({ label, on, change, disabled = false }: SwitchProps) {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" checked={on} disabled={disabled} onChange={(event) => change(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

export function Field({ label, note, children }: { label: string; note?: ComponentChildren; children: ComponentChildren }) {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      {children}
      {note && <span class="note">{note}</span>}
    </label>
  );
}

export function Meter({ value, of, label }: { value: number; of: number; label: string }) {
  return (
    <span class="meter" role="img" aria-label={label} title={label}>
      <span style={{ width: `${of ? Math.min(100, (100 * value) / of) : 0}%` }} />
    </span>
  );
}

/** Names with what is known of each; those of which nothing is known are left out. */
export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="details">
      {rows
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** The way to what comes before or after; none where there is nothing. */
export function Neighbour({ to, label, icon }: { to: string | null; label: string; icon: "left" | "right" }) {
  if (!to)
    return (
      <span class="button is-bare is-square is-off">
        <Icon name={icon} />
      </span>
    );
  return (
    <a class="button is-bare is-square" href={to} aria-label={label} title={label}>
      <Icon name={icon} />
    </a>
  );
}
