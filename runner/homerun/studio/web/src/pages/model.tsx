/** One version of a model: its files, where it came from, and the other versions. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { bytes, count, moment, plural } from "../format";
import { go, href, modelHref, place } from "../route";
import { address, get } from "../server/api";
import { setTitle } from "../state";
import type { ModelAnswer, ModelDetails, ModelFile, ModelRow } from "../types";
import { Ago, Facts, Failure, Neighbour, Refusals, Tags, Waiting } from "../ui/basics";
import { Download } from "../ui/files";
import { Icon } from "../ui/icon";
import { useKeys } from "../ui/keys";
import { useLoaded } from "../use";
import { dataName, MadeBy } from "./models";
import "./model.css";

export function ModelPage({ name }: { name: string }) {
  const version = place.value.query.get("version");
  const loaded = useLoaded((abort) => get("model", { name, version }, abort), [name], [version]);
  const found = loaded.data?.model;
  useLayoutEffect(() => setTitle(found ? `${found.name} ${found.version}` : name, "Models"), [name, found?.version]);
  if (loaded.error) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Waiting what="the model" />;
  return <ModelView answer={loaded.data} />;
}

function ModelView({ answer }: { answer: ModelAnswer }) {
  const { model, models, refused } = answer;
  const at = models.findIndex((one) => one.version === model.version);
  const [newer, older] = [models[at - 1], models[at + 1]];
  useKeys("Model", [
    { keys: "[", does: "the version before", run: () => older && go(modelHref(older.name, older.version)) },
    { keys: "]", does: "the version after", run: () => newer && go(modelHref(newer.name, newer.version)) },
  ]);
  return (
    <div class="page">
      <div class="run-head">
        <header class="page-head is-run">
          <p class="crumbs">
            <a href={href(["models"])}>Models</a>
            <span aria-hidden="true">/</span>
            <span>{model.name}</span>
            <Neighbour to={older ? modelHref(older.name, older.version) : null} label="Previous version" icon="left" />
            <Neighbour to={newer ? modelHref(newer.name, newer.version) : null} label="Next version" icon="right" />
          </p>
          <h1 tabIndex={-1}>
            {model.name} <span class="number">version {model.version}</span>
          </h1>
          <p class="facts">
            <MadeBy model={model} />
            <span>
              {plural(model.files, "file")}, {bytes(model.size_bytes)}
            </span>
            <span>
              registered by {model.created_by ?? "an unknown user"} <Ago time={model.created} />
            </span>
          </p>
        </header>
        <div class="bar is-tools" role="toolbar" aria-label="Actions for this model">
          <Download to={address("model/zip", { name: model.name, version: String(model.version) })}>Download as zip</Download>
        </div>
      </div>
      <Refusals sentences={refused} />
      <div class="overview">
        <div class="main-column">
          {model.is_damaged && <Refusals sentences={["The record of this version is damaged: files that it names as it should not are left out."]} />}
          <section>
            <h2>Description</h2>
            {model.description ? (
              <p class="written">{model.description}</p>
            ) : (
              <span class="dim">
                No description. <code>register_model(…, description="…")</code> gives one.
              </span>
            )}
          </section>
          <section>
            <h2>Files</h2>
            <Files model={model} />
          </section>
          <section>
            <h2>Versions</h2>
            <Versions models={models} shown={model.version} />
            {answer.more && <p class="dim">Only the newest {count(models.length)} versions are listed.</p>}
          </section>
        </div>
        <aside aria-label="Tags and details">
          <h2>Tags</h2>
          {Object.keys(model.tags).length ? (
            <span class="chips is-wrapped">
              <Tags tags={model.tags} />
            </span>
          ) : (
            <span class="dim">No tags.</span>
          )}
          <h2>Details</h2>
          <Details model={model} />
          <h2>Use it</h2>
          <pre>{`Model.get_model_path("${model.name}", version=${model.version})`}</pre>
          <pre>{`homerun model download ${model.id}`}</pre>
        </aside>
      </div>
    </div>
  );
}

function Files({ model }: { model: ModelDetails }) {
  if (!model.kept.length) return <span class="dim">Its record names no file.</span>;
  return (
    <>
      <div class="scrolled" tabIndex={0} role="region" aria-label="Files">
        <table class="plain is-lined">
          <thead>
            <tr>
              <th>File</th>
              <th class="is-number">Size</th>
              <th>SHA-256</th>
            </tr>
          </thead>
          <tbody>
            {model.kept.map((one) => (
              <Kept key={one.path} model={model} file={one} />
            ))}
          </tbody>
        </table>
      </div>
      {model.more && <p class="dim">Only the first {count(model.kept.length)} files are listed. The zip has all of them.</p>}
    </>
  );
}

function Kept({ model, file }: { model: ModelDetails; file: ModelFile }) {
  const to = address("model/file", { name: model.name, version: String(model.version), file: file.path });
  return (
    <tr>
      <th scope="row">
        {file.trouble === null ? (
          <Download to={to} isText>
            {file.path}
          </Download>
        ) : (
          file.path
        )}
      </th>
      <td class="is-number">{bytes(file.size)}</td>
      <td>
        {file.trouble === null ? (
          <code class="digest" title={file.sha256 ?? undefined}>
            {file.sha256}
          </code>
        ) : (
          <span class="trouble">
            <Icon name="warning" /> {file.trouble}
          </span>
        )}
      </td>
    </tr>
  );
}

function Versions({ models, shown }: { models: ModelRow[]; shown: number }) {
  return (
    <div class="scrolled" tabIndex={0} role="region" aria-label="Versions">
      <table class="plain is-lined">
        <thead>
          <tr>
            <th class="is-number">Version</th>
            <th>Run</th>
            <th>Tags</th>
            <th class="is-number">Size</th>
            <th>Registered</th>
          </tr>
        </thead>
        <tbody>
          {models.map((one) => (
            <tr key={one.version} aria-current={one.version === shown ? "true" : undefined}>
              <th scope="row" class="is-number">
                <a href={modelHref(one.name, one.version)} aria-current={one.version === shown ? "page" : undefined}>
                  {one.version}
                </a>
              </th>
              <td>
                <MadeBy model={one} />
              </td>
              <td>
                <Tags tags={one.tags} />
              </td>
              <td class="is-number">{bytes(one.size_bytes)}</td>
              <td>
                <Ago time={one.created} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Details({ model }: { model: ModelDetails }) {
  const framework = [model.framework, model.framework_version].filter(Boolean).join(" ");
  const rows: [string, ComponentChildren][] = [
    ["Id", <code>{model.id}</code>],
    ["Experiment", model.experiment],
    ["Framework", framework],
    ...model.datasets.map((one): [string, ComponentChildren] => [`Dataset (${one.purpose ?? "unknown"})`, dataName(one)]),
    ["Registered", moment(model.created)],
    ...Object.entries(model.properties).map(([name, value]): [string, ComponentChildren] => [`${name} (property)`, <code>{value}</code>]),
    ["Folder", <code>{model.directory}</code>],
  ];
  return <Facts rows={rows} />;
}
