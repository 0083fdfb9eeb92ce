/** The filter: each condition a chip, and suggestions while one is typed. */

import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { get } from "../../server/api";
import type { FieldRow } from "../../types";
import { Icon } from "../../ui/icon";
import { useKeys } from "../../ui/keys";
import { condition, parts, type Suggestion, suggestions } from "./conditions";
import "./filter.css";

interface Props {
  where: string[];
  change: (where: string[]) => void;
  /** Null as long as they are not known. */
  fields: FieldRow[] | null;
  experiment: string | null;
  error: string | null;
  /** What is to be typed on: `text` goes into the box whenever `asked` is another number. */
  draft: { text: string; asked: number };
}

const WAIT_MS = 120;

export function FilterBox({ where, change, fields, experiment, error, draft }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [isDue, setDue] = useState(false);
  const values = useValues(text, experiment);
  const list = useId();
  const found = [...suggestions(text, fields ?? []), ...values];

  useKeys("Filter", [{ keys: "/", does: "filter the runs", run: () => input.current?.focus() }]);

  const type = (next: string): void => {
    setText(next);
    setAt(-1);
    setDue(false);
  };
  useLayoutEffect(() => {
    if (!draft.asked) return;
    type(draft.text);
    input.current?.focus();
    setOpen(true);
  }, [draft.asked]);
  const add = (typed: string): void => {
    if (!typed.trim()) return;
    setOpen(false);
    // Whether a word is the name of a field is not known before the fields are.
    if (!fields && !parts(typed)) return setDue(true);
    change([...new Set([...where, condition(typed, fields ?? [])])]);
    type("");
  };
  useLayoutEffect(() => {
    if (isDue && fields) add(text);
  }, [isDue, fields]);
  const take = (one: Suggestion): void => {
    if (one.isWhole) add(one.text);
    else type(one.text);
    input.current?.focus();
  };
  const pressed = (event: KeyboardEvent): void => {
    const picked = found[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (found.length) setAt((at + step + found.length + (at < 0 && step < 0 ? 1 : 0)) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (picked && isOpen) take(picked);
      else add(text);
    } else if (event.key === "Tab" && isOpen && picked) {
      event.preventDefault();
      take(picked);
    } else if (event.key === "Escape") {
      if (isOpen) setOpen(false);
      else input.current?.blur();
    } else if (event.key === "Backspace" && !text && where.length) {
      type(where.at(-1) ?? "");
      change(where.slice(0, -1));
      event.preventDefault();
    }
  };

  return (
    <div class="filter">
      <div class={`filter-box ${error ? "is-wrong" : ""}`}>
        <Icon name="search" />
        {where.map((one) => (
          <span class="chip is-condition" key={one}>
            <button
              type="button"
              class="chip-text"
              title="Change this condition"
              onClick={() => {
                change(where.filter((other) => other !== one));
                type(one);
                input.current?.focus();
              }}
            >
              {one}
            </button>
            <button type="button" aria-label={`Remove ${one}`} onClick={() => change(where.filter((other) => other !== one))}>
              <Icon name="cross" />
            </button>
          </span>
        ))}
        <input
          ref={input}
          value={text}
          role="combobox"
          aria-label="Filter runs"
          aria-expanded={isOpen && found.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={isOpen && at >= 0 ? `${list}-${at}` : undefined}
          placeholder={where.length ? "and …" : "Filter: words, or metrics.loss < 0.1"}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            type(event.currentTarget.value);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={pressed}
        />
      </div>
      <ul id={list} role="listbox" aria-label="Suggestions" class="suggestions" hidden={!isOpen || !found.length}>
        {found.map((one, index) => (
          <li
            key={one.text}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            onMouseDown={(event) => {
              event.preventDefault();
              take(one);
            }}
          >
            <span>{one.text}</span>
            <span class="dim">{one.note}</span>
          </li>
        ))}
      </ul>
      {error && (
        <p class="filter-error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

/** Values that runs have in the field of a condition that is being typed. */
function useValues(text: string, experiment: string | null): Suggestion[] {
  const [found, setFound] = useState<{ key: string; values: Suggestion[] }>({ key: "", values: [] });
  const typed = parts(text);
  const key = typed && ["=", "!=", "~"].includes(typed.operator) && typed.field !== "text" ? JSON.stringify([typed, experiment]) : "";
  useEffect(() => {
    if (!key || !typed) return;
    const control = new AbortController();
    const ask = async (): Promise<void> => {
      const answer = await get("values", { field: typed.field, experiment, like: typed.value }, control.signal);
      const values = answer.values
        .filter((one) => one.value !== null && one.value !== "")
        .slice(0, 12)
        .map((one) => ({ text: `${typed.field} ${typed.operator} ${one.value}`, note: `${one.runs}`, isWhole: true }));
      setFound({ key, values });
    };
    const timer = setTimeout(() => void ask().catch(() => undefined), WAIT_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [key]);
  return found.key === key ? found.values : [];
}
