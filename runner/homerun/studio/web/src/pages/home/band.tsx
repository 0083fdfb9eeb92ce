/** What each list of the start page is made of. */

import type { ComponentChildren } from "preact";
import { count } from "../../format";
import { runHref } from "../../route";
import type { RunRow } from "../../types";

interface BandProps {
  title: string;
  total?: number | undefined;
  /** Where all of it is. */
  all?: string | undefined;
  shown?: number | undefined;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/** A list of the first few, with the way to all of them. */
export function Band({ title, total, all, shown = 0, actions, children }: BandProps) {
  const id = `band-${title.toLowerCase().replaceAll(" ", "-")}`;
  return (
    <section class="card band" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {total !== undefined && <span class="dim">{count(total)}</span>}
        <span class="grow" />
        {actions}
        {all && total !== undefined && total > shown && <a href={all}>All {count(total)}</a>}
      </header>
      {children}
    </section>
  );
}

/** A run by its experiment and number, and its name if it has one. */
export function RunName({ run }: { run: Pick<RunRow, "id" | "name" | "number" | "experiment"> }) {
  return (
    <a href={runHref(run.id)} class="run-name">
      {run.experiment} #{run.number} {run.name === run.id ? "" : run.name}
    </a>
  );
}
