/** Submit a run: from nothing, or from a past run. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { joinWords, splitWords } from "../format";
import { later, place, runHref } from "../route";
import { get, post } from "../server/api";
import { isReadOnly, setTitle } from "../state";
import type { Bodies, DefaultsAnswer, Tags } from "../types";
import { Button, Empty, Failure, Field, Waiting } from "../ui/basics";
import { say } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { useLoaded } from "../use";

interface Form {
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
}

export function SubmitPage() {
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
  const [form, setForm] = useState<Form>(() => ({
    experiment: defaults.experiment ?? "",
    source: defaults.source ?? "",
    script: defaults.script ?? "",
    arguments: joinWords(defaults.arguments),
    target: defaults.target ?? "",
    tags: tagsText(defaults.tags),
    name: "",
    minutes: "",
    slots: "",
    gpus: "",
    priority: "",
    retries: "",
    python: "",
    packages: "",
    grid: "",
  }));
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
      const answer = await post("submit", body(form));
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
        <Choice
          label="Source folder"
          id="folders"
          options={scripts.data?.folders ?? []}
          note={scripts.error ? scripts.error.message : "The run works in its own copy."}
        >
          <input required list="folders" spellcheck={false} {...text("source")} />
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
        <details class="more">
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
            <Field label="Priority" note="Those of a higher one start first.">
              <input type="number" min="0" max="9999" step="1" placeholder="0" {...text("priority")} />
            </Field>
            <Field label="Retries" note="Started again so often where it fails.">
              <input type="number" min="0" step="1" placeholder="0" {...text("retries")} />
            </Field>
          </div>
          <Field label="Python" note="Empty: the project's, else the one that Studio runs with.">
            <input spellcheck={false} placeholder="/path/to/python" {...text("python")} />
          </Field>
          <Field label="Packages" note="As requirements.txt or conda.yml: an environment of its own is built from it.">
            <input spellcheck={false} {...text("packages")} />
          </Field>
          <Field label="Grid" note="A run for each combination: lr=0.1,0.01 opt=adam,sgd">
            <input spellcheck={false} {...text("grid")} />
          </Field>
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

const tagsText = (tags: Tags): string => joinWords(Object.entries(tags).map(([key, value]) => (value === null ? key : `${key}=${value}`)));

function body(form: Form): Bodies["submit"] {
  const tags = splitWords(form.tags).map((word): [string, string | null] => {
    const cut = word.indexOf("=");
    return cut < 0 ? [word, null] : [word.slice(0, cut), word.slice(cut + 1)];
  });
  return {
    experiment: form.experiment.trim(),
    source: form.source,
    script: form.script,
    arguments: splitWords(form.arguments),
    target: form.target,
    tags: Object.fromEntries(tags),
    ...(form.name ? { name: form.name } : {}),
    ...(form.minutes ? { max_run_duration_seconds: Number(form.minutes) * 60 } : {}),
    ...(form.slots ? { slots: Number(form.slots) } : {}),
    ...(form.gpus ? { gpus: Number(form.gpus) } : {}),
    ...(form.priority ? { priority: Number(form.priority) } : {}),
    ...(form.retries ? { max_retries: Number(form.retries) } : {}),
    ...(form.python ? { interpreter: form.python } : {}),
    ...(form.packages ? { packages: form.packages } : {}),
    ...(form.grid.trim() ? { grid: gridOf(form.grid) } : {}),
  };
}

/** `lr=0.1,0.01 opt=adam,sgd`: the values of each argument. */
function gridOf(text: string): Record<string, string[]> {
  const pairs = splitWords(text).map((word): [string, string[]] => {
    const cut = word.indexOf("=");
    if (cut < 1 || cut === word.length - 1) throw new Error(`${word} is no part of a grid: write lr=0.1,0.01`);
    return [word.slice(0, cut).replace(/^-+/, ""), word.slice(cut + 1).split(",")];
  });
  return Object.fromEntries(pairs);
}
