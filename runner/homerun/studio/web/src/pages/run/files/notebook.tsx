/** A notebook: its cells, and what they printed and drew. */

import { plain } from "../../../log/ansi";
import { Markdown } from "./markdown";

interface Cell {
  cell_type?: unknown;
  source?: unknown;
  execution_count?: unknown;
  outputs?: unknown;
}

const MOST_CELLS = 500;

/** Texts of a notebook are one string or a list of lines. */
const joined = (text: unknown): string => (Array.isArray(text) ? text.join("") : typeof text === "string" ? text : "");

export function cellsOf(text: string): Cell[] | null {
  try {
    const said: unknown = JSON.parse(text);
    const cells = typeof said === "object" && said !== null && "cells" in said ? said.cells : null;
    return Array.isArray(cells) ? (cells as Cell[]) : null;
  } catch {
    return null;
  }
}

export function Notebook({ cells }: { cells: Cell[] }) {
  return (
    <div class="notebook scrolled is-tall" tabIndex={0} role="region" aria-label="Notebook">
      {cells.slice(0, MOST_CELLS).map((one, at) =>
        one?.cell_type === "markdown" ? (
          <Markdown key={at} text={joined(one.source)} />
        ) : (
          <div key={at} class="notebook-cell">
            <span class="dim">[{typeof one?.execution_count === "number" ? one.execution_count : " "}]</span>
            <pre>{joined(one?.source)}</pre>
            {Array.isArray(one?.outputs) && one.outputs.map((output, place) => <Output key={place} output={output as Record<string, unknown>} />)}
          </div>
        ),
      )}
    </div>
  );
}

function Output({ output }: { output: Record<string, unknown> }) {
  const data = (output.data ?? {}) as Record<string, unknown>;
  const picture = joined(data["image/png"]).replace(/\s/g, "");
  if (/^[A-Za-z0-9+/=]+$/.test(picture)) return <img class="logged" alt="Output" src={`data:image/png;base64,${picture}`} />;
  const text =
    joined(output.text) || joined(data["text/plain"]) || joined(Array.isArray(output.traceback) ? output.traceback.map((one) => `${String(one)}\n`) : "");
  return text ? <pre class="output">{plain(text)}</pre> : null;
}
