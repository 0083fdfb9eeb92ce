/** What the form for a new run holds, and what of it is sent. */

import { joinWords, splitWords } from "../../format";
import type { Bodies, DefaultsAnswer, Tags } from "../../types";

export interface Form {
  experiment: string;
  source: string;
  script: string;
  arguments: string;
  target: string;
  tags: string;
  name: string;
  minutes: string;
  slots: string;
  gpus: string;
  priority: string;
  retries: string;
  python: string;
  packages: string;
  grid: string;
  /** Of a past run: its code as it was, or its folder's as it is now. */
  code: "snapshot" | "now";
  /** Of a past run with packages: `kept`, else they are other ones. */
  environment: "kept" | "other";
  /** As `NAME=value`, in words. */
  variables: string;
}

/** The fields that are folded away unless one of them says something. */
const FOLDED: readonly (keyof Form)[] = ["slots", "gpus", "priority", "retries", "python", "packages", "grid", "variables"];

const written = (number: number | null): string => (number === null ? "" : String(number));

/** How a form begins. */
export function formOf(defaults: DefaultsAnswer): Form {
  const { code } = defaults;
  return {
    experiment: defaults.experiment ?? "",
    source: defaults.source,
    script: defaults.script ?? "",
    arguments: joinWords(defaults.arguments),
    target: defaults.target,
    tags: joinWords(Object.entries(defaults.tags).map(([key, value]) => (value === null ? key : `${key}=${value}`))),
    name: "",
    minutes: written(defaults.max_run_duration_seconds === null ? null : defaults.max_run_duration_seconds / 60),
    slots: written(defaults.slots),
    gpus: written(defaults.gpus),
    priority: written(defaults.priority),
    retries: written(defaults.max_retries),
    python: defaults.interpreter ?? "",
    packages: "",
    grid: "",
    code: code && code.snapshot === null ? "now" : "snapshot",
    environment: defaults.packages === null ? "other" : "kept",
    variables: "",
  };
}

/** Whether something is said in what is folded away, or is needed there. */
export const saysMore = (form: Form, defaults: DefaultsAnswer): boolean =>
  FOLDED.some((key) => form[key]) || form.environment === "kept" || defaults.variables.length > 0;

/** Which code a past run can give, in words. */
export function codesOf({ code }: DefaultsAnswer): { snapshot: string; now: string } {
  const changed = code?.changed ?? null;
  const files = changed === null ? "" : changed === 0 ? " (nothing differs)" : changed === 1 ? " (1 file differs)" : ` (${changed} files differ)`;
  return {
    snapshot: code?.snapshot ? `as it was (snapshot ${code.snapshot.slice(0, 6)})` : "as it was (its snapshot is gone)",
    now: code?.is_source_there ? `as it is now${files}` : "as it is now (its folder is gone)",
  };
}

/** What else of a past run stays: `retry_on exit:75`. */
export const keptOf = ({ kept }: DefaultsAnswer): string[] =>
  Object.entries(kept).map(([name, text]) => {
    const value: unknown = JSON.parse(text);
    return `${name} ${Array.isArray(value) ? value.flat().join(", ") : String(value)}`;
  });

/** What is sent; with `past`, what is not said stays as it was in that run. */
export function bodyOf(form: Form, defaults: DefaultsAnswer, past: string | null): Bodies["submit"] {
  return {
    experiment: form.experiment.trim(),
    source: form.source,
    script: form.script,
    arguments: splitWords(form.arguments),
    target: form.target,
    tags: pairsOf(form.tags),
    ...(form.name ? { name: form.name } : {}),
    ...(form.packages ? { packages: form.packages } : {}),
    ...(form.grid.trim() ? { grid: gridOf(form.grid) } : {}),
    ...(past === null ? numbersSaid(form) : ofPast(form, defaults, past)),
  };
}

type Numbers = Pick<Bodies["submit"], "slots" | "gpus" | "priority" | "max_retries" | "max_run_duration_seconds">;

const numberOf = (text: string): number | null => (text ? Number(text) : null);

function numbersOf(form: Form): Numbers {
  const minutes = numberOf(form.minutes);
  return {
    slots: numberOf(form.slots),
    gpus: numberOf(form.gpus),
    priority: numberOf(form.priority),
    max_retries: numberOf(form.retries),
    max_run_duration_seconds: minutes === null ? null : minutes * 60,
  };
}

function numbersSaid(form: Form): Bodies["submit"] | object {
  const said = Object.entries(numbersOf(form)).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(said), ...(form.python ? { interpreter: form.python } : {}) };
}

function ofPast(form: Form, defaults: DefaultsAnswer, past: string): object {
  const isOther = defaults.packages !== null ? form.environment === "other" : form.python !== (defaults.interpreter ?? "");
  return {
    ...numbersOf(form),
    former: past,
    code: form.code,
    ...(isOther ? { interpreter: form.python || null } : {}),
    ...(form.variables.trim() ? { environment_variables: pairsOf(form.variables) } : {}),
  };
}

/** `quality=good best`: names with their values; null: it has none. */
function pairsOf(text: string): Tags {
  const pairs = splitWords(text).map((word): [string, string | null] => {
    const cut = word.indexOf("=");
    return cut < 0 ? [word, null] : [word.slice(0, cut), word.slice(cut + 1)];
  });
  return Object.fromEntries(pairs);
}

/** `lr=0.1,0.01 opt=adam,sgd`: the values of each argument. */
function gridOf(text: string): Record<string, string[]> {
  const pairs = splitWords(text).map((word): [string, string[]] => {
    const cut = word.indexOf("=");
    if (cut < 1 || cut === word.length - 1) throw new Error(`${word} is not part of a grid: write lr=0.1,0.01`);
    return [word.slice(0, cut).replace(/^-+/, ""), word.slice(cut + 1).split(",")];
  });
  return Object.fromEntries(pairs);
}
