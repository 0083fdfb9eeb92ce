/** The lines of a table: its runs, and a heading above each group, with groups within groups. */

import type { GroupRow } from "../types";

export type Line = { group: GroupRow; key: string; isOpen: boolean } | { row: number };

interface Span {
  line: number;
  group: GroupRow;
  key: string;
  isOpen: boolean;
  /** How many rows are right below its heading: those of a group within it have one of their own. */
  rows: number;
}

export class Lines {
  readonly count: number;
  private readonly spans: Span[] = [];

  /** @param closed the keys of the groups that are folded */
  constructor(
    private readonly rows: number,
    groups: GroupRow[] | null,
    closed: ReadonlySet<string>,
  ) {
    let line = 0;
    /** The values that lead to a group, and from which depth on all is folded. */
    const path: GroupRow["value"][] = [];
    const rest = restOf(rows, groups);
    let folded = Number.POSITIVE_INFINITY;
    (groups ?? []).forEach((group, at) => {
      path.length = group.depth;
      path.push(group.value);
      if (group.depth <= folded) folded = Number.POSITIVE_INFINITY;
      if (group.depth > folded) return;
      const key = JSON.stringify(path);
      const isOpen = !closed.has(key);
      if (!isOpen) folded = group.depth;
      const isLeaf = (groups?.[at + 1]?.depth ?? 0) <= group.depth;
      const rows = isOpen && isLeaf ? group.count : 0;
      this.spans.push({ line, group, key, isOpen, rows });
      line += 1 + rows;
    });
    if (rest) {
      const isOpen = !closed.has(REST);
      this.spans.push({ line, group: rest, key: REST, isOpen, rows: isOpen ? rest.count : 0 });
      line += 1 + (isOpen ? rest.count : 0);
    }
    this.count = groups ? line : rows;
  }

  at(line: number): Line {
    const span = this.span((one) => one.line <= line);
    if (!span) return { row: line };
    if (span.line === line) return { group: span.group, key: span.key, isOpen: span.isOpen };
    return { row: span.group.first + line - span.line - 1 };
  }

  /** The line that shows a row; its group's heading where that is closed. */
  of(row: number): number {
    const span = this.span((one) => one.group.first <= row);
    if (!span) return Math.min(row, this.rows - 1);
    return span.rows ? span.line + 1 + row - span.group.first : span.line;
  }

  /** The last span for which this holds, which it does for all before. */
  private span(holds: (span: Span) => boolean): Span | undefined {
    let [low, high] = [0, this.spans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const one = this.spans[middle];
      if (one && holds(one)) low = middle + 1;
      else high = middle;
    }
    return this.spans[low - 1];
  }
}

/** No group has this key: those are lists. */
const REST = "rest";

/** There are more groups than the server tells: the runs of all others stand together behind these. */
function restOf(rows: number, groups: GroupRow[] | null): GroupRow | null {
  const last = groups?.findLast((one) => one.depth === 0);
  const first = last ? last.first + last.count : rows;
  return first < rows ? { value: "further groups", count: rows - first, first, depth: 0, by_status: {}, metrics: {} } : null;
}
