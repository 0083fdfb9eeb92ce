/** The registered models, each in its latest version. */

import { useEffect } from "preact/hooks";
import { bytes, count } from "../format";
import { adjust, experimentHref, modelHref, place } from "../route";
import { get } from "../server/api";
import { useLive } from "../server/live";
import { info, setTitle } from "../state";
import type { ModelData, ModelRow } from "../types";
import { Ago, Button, Empty, Failure, Refusals, RunLink, Tags, Waiting } from "../ui/basics";
import { useKeys } from "../ui/keys";
import { useLoaded, useThrottled } from "../use";
import "./experiments.css";

const RELOAD_MS = 3000;

export function ModelsPage() {
  const text = place.value.query.get("find") ?? "";
  const loaded = useLoaded((abort) => get("models", {}, abort), []);
  const soon = useThrottled(loaded.reload, RELOAD_MS);
  useEffect(() => setTitle("Models"), []);
  // A model is registered by a run, most of all: what runs tell is when to look again.
  useLive({ topics: ["runs"] }, ({ event }) => {
    if (event === "runs" || event === "reset") soon();
  });
  useKeys("Models", [{ keys: "/", does: "find a model", run: () => document.querySelector<HTMLElement>("#find-model")?.focus() }]);

  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the models" />;
  const all = loaded.data.models;
  const shown = all.filter((one) => matches(one, text));
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Models</h1>
        {all.length > 0 && <span class="dim">latest versions</span>}
      </header>
      <Refusals sentences={loaded.data.refused} />
      {all.length === 0 ? (
        <None />
      ) : (
        <>
          <div class="bar">
            <input
              id="find-model"
              type="search"
              aria-label="Find a model"
              placeholder="Find by name, tag or run"
              value={text}
              onInput={(event) => adjust({ find: event.currentTarget.value })}
            />
          </div>
          <div class="scrolled" tabIndex={0} role="region" aria-label="Models">
            <table class="plain is-lined experiments">
              <thead>
                <tr>
                  <th>Model</th>
                  <th class="is-number">Latest</th>
                  <th class="is-number is-extra">Versions</th>
                  <th>Run</th>
                  <th class="is-extra">Datasets</th>
                  <th class="is-number is-extra">Size</th>
                  <th class="is-extra">Registered</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((one) => (
                  <Row key={one.name} model={one} />
                ))}
              </tbody>
            </table>
          </div>
          {loaded.data.more && (
            <p class="dim">
              Only the first {count(all.length)} models are listed. <code>homerun model list</code> shows all of them.
            </p>
          )}
          {shown.length === 0 && (
            <Empty title="No matching models">
              <Button onClick={() => adjust({ find: null })}>Show all</Button>
            </Empty>
          )}
        </>
      )}
    </div>
  );
}

function None() {
  return (
    <Empty title="No models yet">
      <p>A model is a file or a folder that stays when its run is deleted. Its versions are numbered. Register one in a script:</p>
      <pre>run.register_model("iris", "outputs/model.pkl")</pre>
      <p>Or in a shell, of the last run:</p>
      <pre>homerun model register iris outputs/model.pkl -r @last</pre>
      <p class="dim">Studio shows the store {info.value?.store}</p>
    </Empty>
  );
}

function matches(model: ModelRow, text: string): boolean {
  const data = model.datasets.map(dataName);
  const words = [model.name, model.description, model.experiment, model.run_id, model.run?.name, ...data, ...Object.entries(model.tags).flat()]
    .join(" ")
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word));
}

function Row({ model }: { model: ModelRow }) {
  return (
    <tr>
      <th scope="row">
        <span class="branch is-wrapped">
          <a href={modelHref(model.name, model.version)}>{model.name}</a>
          <Tags tags={model.tags} />
        </span>
      </th>
      <td class="is-number">{model.version}</td>
      <td class="is-number is-extra">{count(model.versions ?? 1)}</td>
      <td>
        <MadeBy model={model} />
      </td>
      <td class="is-extra">{model.datasets.map(dataName).join(", ")}</td>
      <td class="is-number is-extra">{bytes(model.size_bytes)}</td>
      <td class="is-extra">
        <Ago time={model.created} />
      </td>
    </tr>
  );
}

/** The run behind a model. */
export function MadeBy({ model }: { model: Pick<ModelRow, "run" | "run_id"> }) {
  const { run, run_id: id } = model;
  if (run) {
    return (
      <>
        <a href={experimentHref(run.experiment)}>{run.experiment}</a> <RunLink run={run} />
      </>
    );
  }
  return <span class="dim">{id === null ? "registered by hand" : `${id} (deleted)`}</span>;
}

export const dataName = (one: ModelData): string =>
  one.name === null ? (one.id ?? "unknown") : one.version === null ? one.name : `${one.name}:${one.version}`;
