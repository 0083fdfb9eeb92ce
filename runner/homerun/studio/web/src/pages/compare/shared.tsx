/** What runs have logged under one name, which is kept in the address. */

import type { ComponentChildren } from "preact";
import { plural } from "../../format";
import { adjust, place } from "../../route";
import type { MetricRow, RunRow } from "../../types";
import { Empty, Failure, Waiting } from "../../ui/basics";
import { type LoggedBy, useLogged } from "./logged";

interface SharedProps {
  runs: RunRow[];
  round: number;
  kinds: readonly MetricRow["kind"][];
  title: string;
  /** `images` */
  what: string;
  label: string;
  /** Of the address. */
  query: string;
  /** The calls that log it. */
  calls: string;
  show: (of: LoggedBy[], name: string, pick: ComponentChildren) => ComponentChildren;
}

/** A part of a comparison: what was logged under the chosen name, or how to log some. */
export function Shared({ runs, round, kinds, title, what, label, query, calls, show }: SharedProps) {
  const logged = useLogged(runs, kinds, round);
  const name = picked(place.value.query.get(query), logged.data ?? new Map());
  if (!logged.data) return logged.error ? <Failure error={logged.error} retry={logged.reload} /> : <Waiting what={`the ${what}`} />;
  const of = logged.data.get(name);
  if (!of) {
    return (
      <Empty title={`No ${what}`}>
        <p>None of these runs has logged one: {calls}.</p>
      </Empty>
    );
  }
  const pick = <NamePick label={label} name={query} value={name} known={logged.data} runs={runs.length} />;
  return <section aria-label={title}>{show(of, name, pick)}</section>;
}

interface Props {
  label: string;
  /** Of the address. */
  name: string;
  value: string;
  known: ReadonlyMap<string, readonly LoggedBy[]>;
  runs: number;
}

function NamePick({ label, name, value, known, runs }: Props) {
  const own = known.get(value)?.length ?? 0;
  return (
    <>
      <label class="inline">
        <span>{label}</span>
        <select value={value} onChange={(event) => adjust({ [name]: event.currentTarget.value })}>
          {[...known.keys()].map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      {own < runs && (
        <span class="dim">
          {own} of {plural(runs, "run")} logged it
        </span>
      )}
    </>
  );
}

/** The name that the address has, else the first. */
function picked<T>(asked: string | null, known: ReadonlyMap<string, T>): string {
  return asked !== null && known.has(asked) ? asked : (known.keys().next().value ?? "");
}
