/** Submit a run: from nothing, or from a past run. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { later, place, runHref } from "../../route";
import { get, post } from "../../server/api";
import { isReadOnly, setTitle } from "../../state";
import type { DefaultsAnswer } from "../../types";
import { Button, Empty, Failure, Field, Waiting } from "../../ui/basics";
import { say } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { useLoaded } from "../../use";
import { bodyOf, codesOf, type Form, formOf, keptOf, saysMore } from "./form";
import "./submit.css";

export default function SubmitPage() {
  const past = place.value.query.get("run");
  const loaded = useLoaded((abort) => get("submit/defaults", { run: past }, abort), [past]);
  useEffect(() => setTitle("Submit"), []);
  if (isReadOnly()) {
    return (
      <Empty title="Studio is read-only">
        <p>Start it without --read-only to submit runs from here.</p>
      </Empty>
    );
  }
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the form" />;
  return <SubmitForm defaults={loaded.data} past={past} />;
}

function SubmitForm({ defaults, past }: { defaults: DefaultsAnswer; past: string | null }) {
  const [form, setForm] = useState(() => formOf(defaults));
  const isSnapshot = defaults.code !== null && form.code === "snapshot";
  const [codes, kept] = [codesOf(defaults), keptOf(defaults)];
  const [isOpen] = useState(() => saysMore(form, defaults) || kept.length > 0);
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const words = useRef<HTMLInputElement>(null);
  // A run is mostly submitted again with another argument: what is typed goes behind those that it had.
  useLayoutEffect(() => {
    if (!past) return;
    words.current?.focus();
    words.current?.setSelectionRange(form.arguments.length, form.arguments.length);
  }, []);
  const scripts = useLoaded((abort) => (form.source ? scriptsOf(form.source, abort) : Promise.resolve(null)), [form.source]);
  const text = (key: keyof Form) => ({
    value: form[key],
    onInput: (event: { currentTarget: { value: string } }) => setForm({ ...form, [key]: event.currentTarget.value }),
  });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const open = later();
    setBusy(true);
    try {
      const answer = await post("submit", bodyOf(form, defaults, past));
      answer.notices.forEach((one) => say(one));
      open(runHref(answer.run.id));
    } catch (failed) {
      setError(failed as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="page is-narrow">
      <header class="page-head">
        <h1 tabIndex={-1}>Submit a run</h1>
        {past && <a href={runHref(past)}>copied from a past run</a>}
        <span class="grow" />
        <button type="submit" form="submit" class="button is-main" disabled={isBusy}>
          <Icon name="play" />
          <span>Run</span>
        </button>
      </header>
      <form class="submit" id="submit" onSubmit={(event) => void submit(event)}>
        <Choice label="Experiment" id="experiments" options={defaults.experiments}>
          <input required list="experiments" autoFocus={!form.experiment} {...text("experiment")} />
        </Choice>
        {defaults.code && (
          <Field label="Code" note={isSnapshot ? "The folder below is not read." : "The run works in its own copy of the folder below."}>
            <select {...text("code")}>
              <option value="snapshot" disabled={defaults.code.snapshot === null}>
                {codes.snapshot}
              </option>
              <option value="now">{codes.now}</option>
            </select>
          </Field>
        )}
        <Choice
          label="Source folder"
          id="folders"
          options={scripts.data?.folders ?? []}
          note={scripts.error && !isSnapshot ? scripts.error.message : defaults.code ? "" : "The run works in its own copy."}
        >
          <input required list="folders" spellcheck={false} readOnly={isSnapshot} {...text("source")} />
        </Choice>
        <Choice label="Script" id="scripts" options={scripts.data?.scripts ?? []}>
          <input required list="scripts" spellcheck={false} {...text("script")} />
        </Choice>
        <Field
          label="Arguments"
          note={
            defaults.hidden.length
              ? `These values are secret and are not kept. Enter them again: ${defaults.hidden.join(", ")}`
              : "As in a shell. Put quotes around a value with spaces."
          }
        >
          <input ref={words} spellcheck={false} autocomplete="off" {...text("arguments")} />
        </Field>
        <Field label="Target">
          <select {...text("target")}>
            {defaults.targets.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Tags" note="For example: quality=good best">
          <input spellcheck={false} {...text("tags")} />
        </Field>
        <div class="pair">
          <Field label="Name (optional)">
            <input {...text("name")} />
          </Field>
          <Field label="Time limit in minutes (optional)">
            <input type="number" min="0.1" step="any" {...text("minutes")} />
          </Field>
        </div>
        <details class="more" open={isOpen}>
          <summary>Slots, GPUs, retries, packages, a grid …</summary>
          <div class="pair">
            <Field label="Slots">
              <input type="number" min="1" step="1" placeholder="1" {...text("slots")} />
            </Field>
            <Field label="GPUs">
              <input type="number" min="0" step="1" placeholder="0" {...text("gpus")} />
            </Field>
          </div>
          <div class="pair">
            <Field label="Priority" note="Runs with a higher priority start first.">
              <input type="number" min="0" max="9999" step="1" placeholder="0" {...text("priority")} />
            </Field>
            <Field label="Retries" note="How often it is started again if it fails.">
              <input type="number" min="0" step="1" placeholder="0" {...text("retries")} />
            </Field>
          </div>
          {defaults.packages !== null && (
            <Field label="Environment">
              <select {...text("environment")}>
                <option value="kept">as it was, with its packages{defaults.packages && ` (${defaults.packages})`}</option>
                <option value="other">another Python, or other packages</option>
              </select>
            </Field>
          )}
          {form.environment === "other" && (
            <>
              <Field label="Python" note="Empty: the project's, or the one that Studio runs with.">
                <input spellcheck={false} placeholder="/path/to/python" {...text("python")} />
              </Field>
              <Field label="Packages" note="As requirements.txt or conda.yml: an environment of its own is built from it.">
                <input spellcheck={false} {...text("packages")} />
              </Field>
            </>
          )}
          {defaults.variables.length > 0 && (
            <Field label="Environment variables" note={variablesNote(defaults)}>
              <input spellcheck={false} autocomplete="off" placeholder={`${defaults.variables[0]}=…`} {...text("variables")} />
            </Field>
          )}
          <Field label="Grid" note="A run for each combination: lr=0.1,0.01 opt=adam,sgd">
            <input spellcheck={false} {...text("grid")} />
          </Field>
          {kept.length > 0 && <p class="note">This stays as it was: {kept.join("; ")}.</p>}
        </details>
        {error && <Failure error={error} />}
        <footer>
          <Button kind="main" type="submit" icon="play" disabled={isBusy}>
            Submit
          </Button>
        </footer>
      </form>
    </div>
  );
}

const variablesNote = ({ variables, unset }: DefaultsAnswer): string =>
  unset.length
    ? `The values of ${variables.join(", ")} are in no record, and Studio itself has not ${unset.join(", ")}: enter them, as ${unset[0]}=value.`
    : `The values of ${variables.join(", ")} are in no record: those that Studio itself has are taken, unless others are entered.`;

/** What is in a source folder; its folders with their whole paths. */
async function scriptsOf(source: string, abort: AbortSignal): Promise<{ scripts: string[]; folders: string[] }> {
  const { scripts, folders } = await get("submit/scripts", { source }, abort);
  return { scripts, folders: folders.map((one) => `${source.replace(/\/$/, "")}/${one}`) };
}

function Choice({ label, id, options, note, children }: { label: string; id: string; options: string[]; note?: string; children: ComponentChildren }) {
  return (
    <>
      <Field label={label} note={note}>
        {children}
      </Field>
      <datalist id={id}>
        {options.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </>
  );
}
