/** What a person types into the filter: conditions, or words to look for anywhere. */

import type { FieldRow } from "../types";

const FIELD = /^[A-Za-z_][\w.:/-]*/;

export interface Parts {
  field: string;
  operator: string;
  value: string;
}

/** A condition taken apart; null where the text is words. */
export function parts(text: string): Parts | null {
  const trimmed = text.trim();
  const found = /^(.+?)\s*(<=|>=|!=|=|<|>|~)\s*(.*)$/.exec(trimmed);
  return found ? { field: found[1] ?? "", operator: found[2] ?? "", value: found[3] ?? "" } : null;
}

/** The condition that a text means: itself, or that its words are anywhere in a run. */
export function condition(text: string, fields: readonly FieldRow[]): string {
  const trimmed = text.trim();
  if (parts(trimmed) || fields.some((one) => one.name === trimmed)) return trimmed;
  return `text ~ ${trimmed}`;
}

export interface Suggestion {
  text: string;
  note: string;
  /** Whether this completes the condition. */
  isWhole: boolean;
}

/** Fields, then operators: what may stand next. Values come from the server. */
export function suggestions(text: string, fields: readonly FieldRow[]): Suggestion[] {
  if (parts(text)) return [];
  const word = text.trim().toLowerCase();
  const exact = fields.find((one) => one.name.toLowerCase() === word);
  if (exact) return operatorsOf(exact).map((operator) => ({ text: `${exact.name} ${operator} `, note: MEANING[operator] ?? "", isWhole: false }));
  const found = fields.filter((one) => one.name.toLowerCase().includes(word));
  found.sort((a, b) => Number(b.name.toLowerCase().startsWith(word)) - Number(a.name.toLowerCase().startsWith(word)));
  const anywhere = word && FIELD.test(word) ? [{ text: `text ~ ${text.trim()}`, note: "anywhere in a run", isWhole: true }] : [];
  return [...anywhere, ...found.slice(0, 12).map((one) => ({ text: `${one.name} `, note: one.kind, isWhole: false }))];
}

function operatorsOf(field: FieldRow): string[] {
  if (field.kind === "number") return ["<", ">", "=", "!=", "<=", ">="];
  if (field.kind === "time") return [">", "<"];
  return field.kind === "status" ? ["=", "!="] : ["=", "~", "!=", "<", ">"];
}

const MEANING: Record<string, string> = {
  "=": "is",
  "!=": "is not",
  "~": "contains",
  "<": "less than",
  ">": "greater than",
  "<=": "at most",
  ">=": "at least",
};
