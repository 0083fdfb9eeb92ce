/** Which columns a table of runs shows: as the address has it, as this browser remembers it, or as these runs want it. */

import { useEffect } from "preact/hooks";
import { adjust, place } from "../../route";
import { type Column, columnsOf, metricsOf, standardKeys } from "../../table/columns";
import type { FieldsAnswer } from "../../types";
import { useRemembered } from "../../use";
import type { Scope } from "./scope";

export interface ShownColumns {
  keys: string[];
  columns: Column[];
  metrics: string[];
  /** The first of them, which stay in place. */
  pins: string[];
  widths: Readonly<Record<string, number>>;
  /** What these runs differ in, and are judged by; as long as that is not known what it was the last time. */
  usual: readonly string[];
  /** What is shown unless others are chosen. */
  standard: string[];
  /** What this browser remembers; null: nothing. */
  kept: string[] | null;
  /** Whether any run has logged a number. */
  hasCharts: boolean;
  setKeys: (keys: string[]) => void;
  setWidth: (column: string, width: number) => void;
}

export function useShownColumns(scope: Scope, fields: FieldsAnswer | null): ShownColumns {
  const { query } = place.value;
  const { experiment, withChildren, memory } = scope;
  const hasGpus = fields?.fields.some((one) => one.name === "gpu_percent" && one.runs > 0) ?? false;
  // Those of the last time until these are known, so that no column comes a moment later.
  const [usual, setUsual] = useRemembered<string[]>(`usual.${memory}.${withChildren}`, []);
  useEffect(() => {
    if (fields) setUsual(fields.columns);
  }, [fields]);
  const standard = standardKeys(!experiment, hasGpus, fields?.columns ?? usual, query.getAll("where"));
  const [kept, keep] = useRemembered<string[] | null>(`columns.${memory}`, null);
  const named = query.has("columns") ? (query.get("columns") ?? "").split(",").filter(Boolean) : (kept ?? standard);
  const pins = (query.get("pins") ?? "").split(",").filter((key) => named.includes(key));
  const keys = [...pins, ...named.filter((key) => !pins.includes(key))];
  const [usualWidths, keepWidths] = useRemembered<Record<string, number>>("widths", {});
  return {
    ...{ keys, pins, standard, usual: fields?.columns ?? usual, kept },
    hasCharts: (fields?.fields.map((one) => one.name) ?? usual).some((name) => name.startsWith("metrics.")),
    columns: columnsOf(keys, fields?.fields),
    metrics: metricsOf(keys),
    widths: { ...usualWidths, ...widthsIn(query.get("widths") ?? "") },
    setKeys: (next) => {
      keep(next);
      adjust({ columns: next.join(","), pins: pins.filter((key) => next.includes(key)).join(",") });
    },
    setWidth: (column, width) => {
      keepWidths({ ...usualWidths, [column]: width });
      adjust({ widths: widthsWritten({ ...widthsIn(query.get("widths") ?? ""), [column]: width }) });
    },
  };
}

/** Widths as they stand in the address: `key:120,other:80`, where a key has no comma. */
function widthsIn(text: string): Record<string, number> {
  const each = text.split(",").map((one) => [one.slice(0, one.lastIndexOf(":")), Number(one.slice(one.lastIndexOf(":") + 1))] as const);
  return Object.fromEntries(each.filter(([key, width]) => key && width > 0 && width < 5000));
}

const widthsWritten = (widths: Record<string, number>): string =>
  Object.entries(widths)
    .map(([key, width]) => `${key}:${width}`)
    .join(",");
