/** The files of a run: folders, previews, downloads. */

import { useState } from "preact/hooks";
import { ago, bytes, count, moment } from "../../format";
import { adjust, place } from "../../route";
import { address, get } from "../../server/api";
import { useLive } from "../../server/live";
import type { FileRow, RunRow } from "../../types";
import { Empty, Failure, Waiting } from "../../ui/basics";
import { Download, Picture } from "../../ui/files";
import { Icon } from "../../ui/icon";
import { useLoaded, useThrottled } from "../../use";
import type { TabProps } from "./tab";

const RELOAD_MS = 2000;
const FIRST_FOLDER = "outputs";

export function Outputs({ run }: TabProps) {
  const folder = place.value.query.get("folder") ?? FIRST_FOLDER;
  return <Folder key={folder} run={run} folder={folder} />;
}

function Folder({ run, folder }: { run: RunRow; folder: string }) {
  const [shown, setShown] = useState<FileRow | null>(null);
  const loaded = useLoaded((abort) => get("runs/{id}/files", { id: run.id, folder }, abort), [run.id, folder]);
  const soon = useThrottled(loaded.reload, RELOAD_MS);
  useLive({ topics: [`run:${run.id}`] }, ({ event, data }) => {
    if (event === "run" && data.parts.includes("files")) soon();
  });
  const enter = (path: string): void => adjust({ folder: path === FIRST_FOLDER ? null : path || "/" });
  const entries = loaded.data?.entries ?? [];
  return (
    <div class="files">
      <div class="bar">
        <Crumbs folder={folder === "/" ? "" : folder} enter={enter} />
        <span class="grow" />
        <Download to={address("runs/{id}/zip", { id: run.id, folder: folder === "/" ? "" : folder })}>Download as zip</Download>
      </div>
      {loaded.error && <Failure error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting what="the folder" />}
      <div class="split">
        <ul class="file-list" aria-label="Files">
          {entries.map((entry) => (
            <li key={entry.path}>
              <button type="button" aria-current={shown?.path === entry.path} onClick={() => (entry.kind === "folder" ? enter(entry.path) : setShown(entry))}>
                <Icon name={entry.kind === "folder" ? "folder" : "file"} />
                <span class="grow">{entry.name}</span>
                <span class="dim">{entry.kind === "file" ? bytes(entry.size) : ""}</span>
                <time class="dim" dateTime={entry.modified} title={moment(entry.modified)}>
                  {ago(entry.modified)}
                </time>
              </button>
            </li>
          ))}
          {loaded.data?.more && <li class="dim">Only the first {count(entries.length)} are listed. The zip has all of them.</li>}
        </ul>
        {shown && <FilePreview key={shown.path} run={run} entry={shown} />}
      </div>
      {loaded.data && !entries.length && (
        <Empty title="No files">
          <p>
            Files that the script writes to <code>outputs/</code> appear here.
          </p>
        </Empty>
      )}
    </div>
  );
}

function Crumbs({ folder, enter }: { folder: string; enter: (path: string) => void }) {
  const names = folder.split("/").filter(Boolean);
  return (
    <nav class="crumbs" aria-label="Folder">
      <button type="button" class="quiet" onClick={() => enter("")}>
        run
      </button>
      {names.map((name, at) => (
        <>
          <span aria-hidden="true">/</span>
          <button
            type="button"
            class="quiet"
            aria-current={at === names.length - 1 ? "true" : undefined}
            onClick={() => enter(names.slice(0, at + 1).join("/"))}
          >
            {name}
          </button>
        </>
      ))}
    </nav>
  );
}

function FilePreview({ run, entry }: { run: RunRow; entry: FileRow }) {
  return (
    <section class="preview" aria-label={`Preview of ${entry.name}`}>
      <header>
        <b>{entry.name}</b>
        <span class="dim">{bytes(entry.size)}</span>
        <span class="grow" />
        <Download to={address("runs/{id}/file", { id: run.id, file: entry.path, download: true })}>Download</Download>
      </header>
      {entry.preview === "image" ? (
        <Picture run={run.id} file={entry.path} alt={entry.name} />
      ) : entry.preview === "none" ? (
        <p class="dim">This kind of file has no preview.</p>
      ) : (
        <TextPreview run={run} entry={entry} />
      )}
    </section>
  );
}

function TextPreview({ run, entry }: { run: RunRow; entry: FileRow }) {
  const loaded = useLoaded((abort) => get("runs/{id}/preview", { id: run.id, file: entry.path }, abort), [run.id, entry.path, entry.modified]);
  const found = loaded.data;
  if (!found) return loaded.error ? <Failure error={loaded.error} /> : <Waiting what="the file" />;
  return (
    <>
      {found.rows ? (
        <Rows columns={found.columns} rows={found.rows} />
      ) : (
        <pre class="scrolled" tabIndex={0}>
          {found.kind === "json" ? pretty(found.text ?? "") : found.text}
        </pre>
      )}
      {found.is_cut && <p class="dim">Only the beginning is shown. Download the file to see the rest.</p>}
    </>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Rows({ columns, rows }: { columns: string[] | undefined; rows: string[][] }) {
  return (
    <div class="scrolled" tabIndex={0} role="region" aria-label="Rows">
      <table class="plain is-lined">
        {columns && (
          <thead>
            <tr>
              {columns.map((one, at) => (
                <th key={at}>{one}</th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
