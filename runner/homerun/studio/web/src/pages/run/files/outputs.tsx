/** The files of a run: folders, a search over all of them, previews, downloads. */

import "./files.css";
import { useEffect, useState } from "preact/hooks";
import { ago, bytes, count, moment, plural } from "../../../format";
import { adjust, place } from "../../../route";
import { address, get } from "../../../server/api";
import { useLive } from "../../../server/live";
import type { FileRow } from "../../../types";
import { Empty, Failure, Waiting } from "../../../ui/basics";
import { Boundary } from "../../../ui/boundary";
import { Download } from "../../../ui/files";
import { Icon } from "../../../ui/icon";
import { useLoaded, useSettled, useThrottled } from "../../../use";
import type { TabProps } from "../tab";
import { FilePreview } from "./preview";

const RELOAD_MS = 2000;
const SETTLE_MS = 150;
const FIRST_FOLDER = "outputs";
const ORDERS: [string, string][] = [
  ["name", "name"],
  ["size", "largest first"],
  ["modified", "latest first"],
];

export function Outputs({ run, answer }: TabProps) {
  const { query } = place.value;
  const folder = query.get("folder") ?? FIRST_FOLDER;
  const sort = query.get("sort") ?? "name";
  const shown = query.get("file");
  const [text, setText] = useState(query.get("like") ?? "");
  const like = useSettled(text.trim(), SETTLE_MS);
  useEffect(() => adjust({ like: like || null }), [like]);
  const loaded = useLoaded(
    (abort) => get("runs/{id}/files", like ? { id: run.id, below: true, like, sort } : { id: run.id, folder, sort }, abort),
    [run.id, folder, !like],
    [like, sort],
  );
  const soon = useThrottled(loaded.reload, RELOAD_MS);
  useLive({ topics: [`run:${run.id}`] }, ({ event, data }) => {
    if (event === "run" && data.parts.includes("files")) soon();
  });
  const enter = (path: string): void => {
    setText("");
    adjust({ folder: path === FIRST_FOLDER ? null : path || "/", file: null });
  };
  const entries = loaded.data?.entries ?? [];
  const most = Math.max(1, ...entries.map((one) => one.size ?? 0));
  const path = folder === "/" ? "" : folder;
  return (
    <div class="files">
      <div class="bar">
        <Crumbs folder={path} enter={enter} />
        <input
          type="search"
          aria-label="Find a file"
          placeholder="Find a file, in any folder"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <label class="inline">
          <span>Sort by</span>
          <select value={sort} onChange={(event) => adjust({ sort: event.currentTarget.value === "name" ? null : event.currentTarget.value })}>
            {ORDERS.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <span class="grow" />
        <Download to={address("runs/{id}/zip", { id: run.id, folder: path })}>Download as zip</Download>
      </div>
      {loaded.error && <Failure error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting what="the folder" />}
      {loaded.data && like && <p class="dim">{loaded.data.total ? plural(loaded.data.total, "file") : `No file has “${like}” in its path.`}</p>}
      <div class="split">
        <ul class="file-list" aria-label="Files">
          {entries.map((entry) => (
            <li key={entry.path}>
              <button
                type="button"
                aria-current={shown === entry.path}
                onClick={() => (entry.kind === "folder" ? enter(entry.path) : adjust({ file: entry.path }))}
              >
                <Icon name={entry.kind === "folder" ? "folder" : "file"} />
                <span class="grow">{like ? entry.path : entry.name}</span>
                {entry.size !== null && <meter class="size" min={0} max={most} value={entry.size} aria-hidden="true" />}
                <span class="dim file-size">{entry.kind === "file" ? bytes(entry.size) : ""}</span>
                <time class="dim file-age" dateTime={entry.modified} title={moment(entry.modified)}>
                  {ago(entry.modified)}
                </time>
              </button>
              <Download to={fileOf(run.id, entry)} label={entry.kind === "folder" ? `Download ${entry.name} as zip` : `Download ${entry.name}`} />
            </li>
          ))}
          {loaded.data?.more && (
            <li class="dim">
              {count(entries.length)} of {count(loaded.data.total)} are listed. Find the others by a part of their path.
            </li>
          )}
        </ul>
        {!shown && entries.some((one) => one.kind === "file") && <p class="dim">Choose a file to see what is in it.</p>}
        {shown && (
          <Boundary key={shown} what={shown}>
            <FilePreview run={run} path={shown} directory={answer.details.directory} />
          </Boundary>
        )}
      </div>
      {loaded.data && !entries.length && !like && (
        <Empty title="No files">
          <p>
            Files that the script writes to <code>outputs/</code> appear here.
          </p>
        </Empty>
      )}
    </div>
  );
}

const fileOf = (id: string, { kind, path }: FileRow): string =>
  kind === "folder" ? address("runs/{id}/zip", { id, folder: path }) : address("runs/{id}/file", { id, file: path, download: true });

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
