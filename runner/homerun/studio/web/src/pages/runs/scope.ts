/** Which runs a table is about, before any filter. */

import type { Queries } from "../../types";

export interface Scope {
  /** Whose fields the columns and the filter know; null: those of all experiments. */
  experiment: string | null;
  /** All are children of this run, of whichever experiment; null: they are the runs of the experiment. */
  parent: string | null;
  withChildren: boolean;
  /** By this name a browser remembers the columns. */
  memory: string;
}

/** The runs of a table: those of its scope that meet the filter. */
export function asked(scope: Scope, where: string[]): Pick<Queries["runs"], "experiment" | "where" | "children"> & { where: string[] } {
  const { experiment, parent, withChildren } = scope;
  if (parent === null) return { experiment, where, children: withChildren };
  return { experiment: null, where: [`parent = ${parent}`, ...where], children: true };
}
