/** Under which name something was logged: kept in the address. */

import { plural } from "../../format";
import { adjust } from "../../route";
import type { LoggedBy } from "./logged";

interface Props {
  label: string;
  /** Of the address. */
  name: string;
  value: string;
  known: ReadonlyMap<string, readonly LoggedBy[]>;
  runs: number;
}

export function NamePick({ label, name, value, known, runs }: Props) {
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
export function picked<T>(asked: string | null, known: ReadonlyMap<string, T>): string {
  return asked !== null && known.has(asked) ? asked : (known.keys().next().value ?? "");
}
