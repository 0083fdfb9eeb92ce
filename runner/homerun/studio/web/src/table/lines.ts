/** The lines of a table: its runs, and a heading above each group. */

import type { GroupRow } from "../types";

export type Line = { group: GroupRow; isOpen: boolean } | { row: number };

interface Span {
  line: number;
  group: GroupRow;
  isOpen: boolean;
}

export class Lines {
  readonly count: number;
  private readonly spans: Span[] = [];

  constructor(
    private readonly rows: number,
    groups: GroupRow[] | null,
    closed: ReadonlySet<string>,
  ) {
    let line = 0;
    for (const group of groups ?? []) {
      const isOpen = !closed.has(String(group.value));
      this.spans.push({ line, group, isOpen });
      line += 1 + (isOpen ? group.count : 0);
    }
    this.count = groups ? line : rows;
  }

  at(line: number): Line {
    const span = this.span((one) => one.line <= line);
    if (!span) return { row: line };
    if (span.line === line) return { group: span.group, isOpen: span.isOpen };
    return { row: span.group.first + line - span.line - 1 };
  }

  /** The line that shows a row; its group's heading where that is closed. */
  of(row: number): number {
    const span = this.span((one) => one.group.first <= row);
    if (!span) return Math.min(row, this.rows - 1);
    return span.isOpen ? span.line + 1 + row - span.group.first : span.line;
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
