/** Which columns the table has, and in which order. */

import { useState } from "preact/hooks";
import type { FieldRow } from "../types";
import { Button } from "../ui/basics";
import { Dialog } from "../ui/dialog";
import { column, PLAIN_KEYS } from "./columns";
import "./chooser.css";

interface Props {
  keys: string[];
  standard: string[];
  fields: FieldRow[];
  change: (keys: string[]) => void;
  close: () => void;
}

interface Offer {
  title: string;
  keys: string[];
}

export function ColumnChooser({ keys, standard, fields, change, close }: Props) {
  const [text, setText] = useState("");
  const matches = (key: string): boolean => `${key} ${column(key).title}`.toLowerCase().includes(text.trim().toLowerCase());
  const toggle = (key: string): void => change(keys.includes(key) ? keys.filter((one) => one !== key) : [...keys, key]);
  const move = (at: number, by: number): void => {
    const next = [...keys];
    const [key] = next.splice(at, 1);
    if (key) next.splice(at + by, 0, key);
    change(next);
  };
  return (
    <Dialog title="Columns" close={close} wide>
      <div class="chooser">
        <section>
          <h3>Shown, from left to right</h3>
          <ol class="chosen">
            {keys.map((key, at) => (
              <li key={key}>
                <span class="grow">{label(key)}</span>
                <Button icon="up" kind="bare" label={`Move ${label(key)} to the left`} disabled={at === 0} onClick={() => move(at, -1)} />
                <Button icon="down" kind="bare" label={`Move ${label(key)} to the right`} disabled={at === keys.length - 1} onClick={() => move(at, 1)} />
                <Button icon="cross" kind="bare" label={`Hide ${label(key)}`} onClick={() => toggle(key)} />
              </li>
            ))}
          </ol>
          <Button onClick={() => change(standard)}>Reset columns</Button>
        </section>
        <section>
          <input type="search" placeholder="Find a column" aria-label="Find a column" value={text} onInput={(event) => setText(event.currentTarget.value)} />
          <div class="offers">
            {offers(fields).map((offer) => {
              const found = offer.keys.filter(matches);
              return (
                found.length > 0 && (
                  <fieldset key={offer.title}>
                    <legend>{offer.title}</legend>
                    {found.map((key) => (
                      <label key={key} class="option">
                        <input type="checkbox" checked={keys.includes(key)} onChange={() => toggle(key)} />
                        <span>{column(key).title}</span>
                      </label>
                    ))}
                  </fieldset>
                )
              );
            })}
          </div>
        </section>
      </div>
    </Dialog>
  );
}

function label(key: string): string {
  const area = key.includes(".") ? key.slice(0, key.indexOf(".")) : "";
  const kinds: Record<string, string> = { tags: "tag", properties: "property", metrics: "metric", params: "parameter", argument: "argument" };
  return kinds[area] ? `${column(key).title} (${kinds[area]})` : column(key).title;
}

function offers(fields: FieldRow[]): Offer[] {
  const named = (area: string): string[] => fields.map((one) => one.name).filter((name) => name.startsWith(`${area}.`));
  const metrics = named("metrics").filter((name) => !/\.(last|min|max|count)$/.test(name));
  return [
    { title: "Run", keys: PLAIN_KEYS },
    { title: "Parameters", keys: named("params") },
    { title: "Metrics", keys: metrics.flatMap((name) => [name, `${name}.min`, `${name}.max`, `${name}.mean`]) },
    { title: "Tags", keys: named("tags") },
    { title: "Properties", keys: named("properties") },
  ];
}
