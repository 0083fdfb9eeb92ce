/** Ctrl-K: go anywhere, and do what the shown page can do, by typing a part of its name. */

import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { experimentHref, go, href, place, runHref } from "../../route";
import { get } from "../../server/api";
import { experimentShown } from "../../state";
import type { RunRow } from "../../types";
import { StatusMark } from "../basics";
import { complain, Dialog } from "../dialog";
import { sheets } from "../keys";

interface Page {
  path: string;
  title: string;
  key: string;
}

interface Item {
  key: string;
  text: string;
  note: string;
  run?: RunRow;
  take: () => void;
}

const WAIT_MS = 120;
const MOST_RUNS = 12;
const MOST_OTHERS = 8;
/** With nothing typed: the runs that were last begun. */
const MOST_RECENT = 5;

/** Open it from anywhere, also while typing, but not over a dialog. */
export function usePaletteKey(open: () => void): void {
  const latest = useRef(open);
  latest.current = open;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      if (!document.querySelector("dialog[open]")) latest.current();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

export function Palette({ pages, close }: { pages: Page[]; close: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  /** Enter was pressed before the runs were known. */
  const [isDue, setDue] = useState(false);
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  const actions = useMemo(actionsOfPage, []);
  const experiments = useExperiments();
  const { runs, isKnown } = useRuns(text);
  const items = [
    ...(isNumber(text) ? runs.map(ofRun) : []),
    ...named([...pages.map(ofPage), ...experiments.map(ofExperiment), ...actions], text).slice(0, text.trim() ? MOST_OTHERS : pages.length),
    ...(isNumber(text) ? [] : runs.map(ofRun)),
  ];
  const take = (one: Item | undefined): void => {
    if (!one) return;
    close();
    one.take();
  };
  useLayoutEffect(() => input.current?.focus(), []);
  useLayoutEffect(() => {
    if (isDue && isKnown) take(items[at]);
    if (isKnown) setDue(false);
  }, [isDue, isKnown]);
  useLayoutEffect(() => document.getElementById(`${list}-${at}`)?.scrollIntoView({ block: "nearest" }), [at]);
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (items.length) setAt((at + step + items.length) % items.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (isKnown || at > 0) take(items[at]);
      else setDue(true);
    }
  };
  return (
    <Dialog title="Find" close={close}>
      <div class="palette">
        <input
          ref={input}
          value={text}
          role="combobox"
          aria-label="Run number, id or name, experiment, page or action"
          aria-expanded={items.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={items.length ? `${list}-${at}` : undefined}
          placeholder="17, a name, an experiment, an action …"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
            setDue(false);
          }}
          onKeyDown={pressed}
        />
        <ul id={list} role="listbox" aria-label="Found">
          {items.map((one, index) => (
            <li key={one.key} id={`${list}-${index}`} role="option" aria-selected={index === at} onClick={() => take(one)}>
              <span>{one.text}</span>
              {one.run ? <StatusMark status={one.run.status} /> : <span class="dim">{one.note}</span>}
            </li>
          ))}
        </ul>
        {!items.length && (
          <p class="dim" role="status">
            {isKnown ? "Nothing has that name. Runs are found by number, name or a part of their id." : "Looking …"}
          </p>
        )}
      </div>
    </Dialog>
  );
}

const isNumber = (text: string): boolean => /^\s*#?\d+\s*$/.test(text);

/** Those that a text means; those whose name begins with it stand first. */
function named(items: Item[], text: string): Item[] {
  const begun = text.trim().toLowerCase();
  const found = items.filter((one) => holds(one, text));
  return [...found].sort((a, b) => Number(b.text.toLowerCase().startsWith(begun)) - Number(a.text.toLowerCase().startsWith(begun)));
}

function holds(item: Item, text: string): boolean {
  const words = `${item.text} ${item.note}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word));
}

const ofPage = (page: Page): Item => ({ key: `page ${page.path}`, text: page.title, note: `page · ${page.key}`, take: () => go(href([page.path])) });

const ofExperiment = (name: string): Item => ({ key: `experiment ${name}`, text: name, note: "experiment", take: () => go(experimentHref(name)) });

const ofRun = (run: RunRow): Item => ({
  key: `run ${run.id}`,
  text: `${run.experiment} #${run.number}${run.name === run.id ? "" : ` ${run.name}`}`,
  note: "run",
  run,
  take: () => go(runHref(run.id)),
});

/** What the shown page does by a key; the keys that go to pages are listed as pages. */
function actionsOfPage(): Item[] {
  return sheets.value.flatMap((sheet) =>
    sheet.keys
      .filter((key) => !key.focus && sheet.isReady() && !/^(g |#|\?)/.test(key.keys))
      .map(
        (key): Item => ({
          key: `action ${sheet.title} ${key.keys}`,
          text: key.does,
          note: `${sheet.title} · ${key.keys}`,
          take: () => key.run(new KeyboardEvent("keydown", { key: key.keys })),
        }),
      ),
  );
}

function useExperiments(): string[] {
  const [names, setNames] = useState<string[]>([]);
  useEffect(() => {
    const control = new AbortController();
    get("experiments", {}, control.signal).then(
      (answer) => setNames(answer.experiments.map((one) => one.name)),
      (error: Error) => !control.signal.aborted && complain(error),
    );
    return () => control.abort();
  }, []);
  return names;
}

/** The runs that a text means: by number, those of the experiment that is shown first; else by name or id. */
function useRuns(text: string): { runs: RunRow[]; isKnown: boolean } {
  const [found, setFound] = useState<{ text: string; runs: RunRow[] }>({ text: "\n", runs: [] });
  useEffect(() => {
    const control = new AbortController();
    const ask = async (): Promise<void> => {
      const runs = await look(text.trim().replace(/^#/, ""), control.signal);
      setFound({ text, runs });
    };
    const timer = setTimeout(() => {
      ask().catch((error: Error) => {
        if (control.signal.aborted) return;
        setFound({ text, runs: [] });
        complain(error);
      });
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [text]);
  return found.text === text ? { runs: found.runs, isKnown: true } : { runs: [], isKnown: false };
}

async function look(word: string, abort: AbortSignal): Promise<RunRow[]> {
  const base = { children: true, sort: "-created", limit: MOST_RUNS };
  const near = place.value.query.get("experiment") ?? experimentShown.current;
  if (!word) return (await get("runs", { ...base, limit: MOST_RECENT }, abort)).runs;
  const wanted = /^\d+$/.test(word) ? [`number = ${word}`] : [`name ~ ${quoted(word)}`, `id ~ ${quoted(word)}`];
  // That experiment is asked by itself: of many runs with that number its own may not be among the newest.
  const places = near ? [{ ...base, experiment: near }, base] : [base];
  const answers = await Promise.all(places.flatMap((one) => wanted.map((where) => get("runs", { ...one, where: [where] }, abort))));
  const runs = new Map(answers.flatMap((answer) => answer.runs.map((run): [string, RunRow] => [run.id, run])));
  return [...runs.values()].slice(0, MOST_RUNS);
}

/** A word as a value of a condition, which knows two kinds of quotes and nothing to put before one in a text. */
function quoted(word: string): string {
  if (!word.includes('"')) return `"${word}"`;
  if (!word.includes("'")) return `'${word}'`;
  const [longest = ""] = word.split('"').sort((a, b) => b.length - a.length);
  return `"${longest}"`;
}
