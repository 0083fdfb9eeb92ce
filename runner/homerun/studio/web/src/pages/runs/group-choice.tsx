/** By what the runs of a table are grouped. */

import type { FieldRow } from "../../types";

export function groupable(fields: FieldRow[]): string[] {
  const plain = ["status", "error", "experiment", "user", "target", "script", "parent"];
  const tags = fields.map((one) => one.name).filter((name) => /^(params|tags|properties)\./.test(name));
  return [...new Set([...plain, ...tags])];
}

const MOST_LEVELS = 4;

/** What runs are grouped by: a choice for each level, and one more to add another within. */
export function GroupChoice({ group, fields, change }: { group: string[]; fields: FieldRow[]; change: (group: string[]) => void }) {
  const set = (at: number, value: string): void => change([...group.slice(0, at), ...(value ? [value] : []), ...group.slice(at + 1)]);
  const levels = [...group, ...(group.length < MOST_LEVELS ? [""] : [])];
  return (
    <span class="inline is-wrapped">
      {levels.map((level, at) => (
        <label key={at} class="inline">
          <span>{at ? "then by" : "Group by"}</span>
          <select value={level} onChange={(event) => set(at, event.currentTarget.value)}>
            <option value="">none</option>
            {[...new Set([...(level ? [level] : []), ...groupable(fields).filter((one) => !group.includes(one))])].map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      ))}
    </span>
  );
}
