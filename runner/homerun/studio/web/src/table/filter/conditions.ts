/** What a person types into the filter: conditions, or words to look for anywhere. */

import type { FieldRow } from "../../types";

const FIELD = /^[A-Za-z_][\w.:/-]*/;

export interface Parts {
  field: string;
  operator: string;
  value: string;
}

/** `FIELD in (A, B)` as it is typed: the list may still be open. */
const BEGUN_LIST = /^([A-Za-z_][\w.:/-]*(?:\.(?:"[^"]*"|'[^']*'))?)\s+(not\s+in|in)\s*\((.*?)\)?$/is;

/** A condition taken apart; null where the text is words. */
export function parts(text: string): Parts | null {
  const trimmed = text.trim();
  const listed = BEGUN_LIST.exec(trimmed);
  if (listed) return { field: listed[1] ?? "", operator: (listed[2] ?? "").toLowerCase().replace(/\s+/, " "), value: listed[3] ?? "" };
  const found = /^(.+?)\s*(<=|>=|!=|=|<|>|~)\s*(.*)$/s.exec(trimmed);
  return found ? { field: found[1] ?? "", operator: found[2] ?? "", value: found[3] ?? "" } : null;
}

/** The condition that a text means: itself, or that its words are anywhere in a run. */
export function condition(text: string, fields: readonly FieldRow[]): string {
  const trimmed = text.trim();
  if (parts(trimmed) || trimmed.startsWith("(") || fields.some((one) => one.name === trimmed || fieldWritten(one.name) === trimmed)) return trimmed;
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

const PLAIN_NAME = /^[\p{L}\p{N}_\-./@:]+$/u;
const PLAIN_VALUE = /^[\p{L}\p{N}_\-./@:+%]+$/u;
const AREA = /^(tags|properties|params|metrics)\.(.+)$/s;

/** A field as a condition names it: an odd key in quotes. */
export function fieldWritten(field: string): string {
  const [, area, key = ""] = AREA.exec(field) ?? [];
  if (!area || PLAIN_NAME.test(key)) return field;
  return `${area}.${quoted(key)}`;
}

/** The text that a condition compares with a value: of a list its items one after the other, as the store keeps it. */
export const spelled = (value: unknown): string => (Array.isArray(value) ? value.map(spelled).join(", ") : String(value));

/** A value as a condition compares with it. */
export function valueWritten(value: string): string {
  return PLAIN_VALUE.test(value) && !/^(in|or|and|not|nan|inf)$/i.test(value) ? value : quoted(value);
}

function quoted(text: string): string {
  const quote = text.includes('"') ? "'" : '"';
  return quote + text + quote;
}

const LISTED = /^(.+?) in \((.*)\)$/s;

/** The field of a condition that says which value it has, and those values as they are written; null: it says something else. */
function equals(text: string): { field: string; values: string[] } | null {
  const [, field = "", list = ""] = LISTED.exec(text) ?? [];
  if (field) return { field, values: list.match(/"[^"]*"|'[^']*'|[^,\s][^,]*/g)?.map((one) => one.trim()) ?? [] };
  const found = parts(text);
  return found?.operator === "=" ? { field: found.field, values: [found.value] } : null;
}

/** The filter with one more value that a field may have; one that it has already goes. */
export function withValue(where: readonly string[], field: string, value: string): string[] {
  const at = where.findIndex((one) => equals(one)?.field === field);
  const known = equals(where[at] ?? "")?.values ?? [];
  const values = known.includes(value) ? known.filter((one) => one !== value) : [...known, value];
  const made = values.length > 1 ? `${field} in (${values.join(", ")})` : values.length ? `${field} = ${values[0]}` : null;
  const rest = [...where];
  if (at >= 0) rest.splice(at, 1, ...(made ? [made] : []));
  else if (made) rest.push(made);
  return rest;
}

/** Whether the filter lets a field have a value, and says so. */
export const hasValue = (where: readonly string[], field: string, value: string): boolean =>
  where.some((one) => {
    const found = equals(one);
    return found?.field === field && found.values.includes(value);
  });

/** The filter with a condition, or without it where it is there. */
export const flipped = (where: readonly string[], one: string): string[] => (where.includes(one) ? where.filter((other) => other !== one) : [...where, one]);
