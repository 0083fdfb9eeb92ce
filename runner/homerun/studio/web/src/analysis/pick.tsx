/** Which field a part of a chart shows: kept in the address. */

import { adjust } from "../route";
import type { FieldColumn } from "./fields";

interface Props {
  label: string;
  /** Of the address. */
  name: string;
  value: string;
  columns: readonly FieldColumn[];
  title: (name: string) => string;
  /** What it says where no field is meant; without it one always is. */
  none?: string;
  /** What the address said of the former field, and is taken out of it. */
  drops?: string;
}

export function Pick({ label, name, value, columns, title, none, drops }: Props) {
  return (
    <label class="inline">
      <span>{label}</span>
      <select value={value} onChange={(event) => adjust({ [name]: event.currentTarget.value, ...(drops ? { [drops]: null } : {}) })}>
        {none !== undefined && <option value="-">{none}</option>}
        {columns.map((one) => (
          <option key={one.name} value={one.name}>
            {title(one.name)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The column that the address names, else the first that is usual. */
export function chosen(named: string | null, columns: readonly FieldColumn[], usual: (string | undefined)[] = []): FieldColumn | null {
  if (named === "-") return null;
  const names = [named, ...usual];
  for (const name of names) {
    const found = columns.find((one) => one.name === name);
    if (found) return found;
  }
  return null;
}
