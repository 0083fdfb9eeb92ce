/** The code as it was at submit, and what git had not committed. */

import "./code.css";
import { bytes } from "../../../format";
import { adjust, place } from "../../../route";
import { address, get } from "../../../server/api";
import type { GitState, RunRow } from "../../../types";
import { Empty, Failure, Waiting } from "../../../ui/basics";
import { Download } from "../../../ui/files";
import { Icon } from "../../../ui/icon";
import { useLoaded } from "../../../use";
import type { TabProps } from "../tab";
import { Changes } from "./changed";
import { Listing } from "./listing";
import "../files/files.css";

const DIFF = "\n";

export function Code({ run }: TabProps) {
  const loaded = useLoaded((abort) => get("runs/{id}/code", { id: run.id }, abort), [run.id]);
  const { query } = place.value;
  const picked = query.get("file");
  const setShown = (file: string): void => adjust({ file, line: null });
  const found = loaded.data;
  const shown = picked ?? found?.files.find((one) => one.path === run.script && one.kind === "file")?.path ?? null;
  if (!found) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the code" />;
  if (!found.snapshot && !found.has_diff && !found.git) {
    return (
      <Empty title="No code was kept">
        <p>Only submitted runs have a snapshot of their source folder.</p>
      </Empty>
    );
  }
  return (
    <>
      <div class="bar">
        {found.git && <Git git={found.git} />}
        <span class="grow" />
        <Download to={address("runs/{id}/code/zip", { id: run.id })}>Download as zip</Download>
      </div>
      <div class="split is-code">
        <ul class="file-list" aria-label="Code">
          {found.has_diff && (
            <li>
              <button type="button" aria-current={shown === DIFF} onClick={() => setShown(DIFF)}>
                <Icon name="edit" />
                <span class="grow">Uncommitted changes (git diff)</span>
              </button>
            </li>
          )}
          {found.files.map((one) => (
            <li key={one.path}>
              <button type="button" disabled={one.kind !== "file"} aria-current={shown === one.path} onClick={() => setShown(one.path)}>
                <Icon name={one.kind === "folder" ? "folder" : one.kind === "file" ? "file" : "link"} />
                <span class="grow">{one.path}</span>
                <span class="dim">{one.kind === "file" ? bytes(one.size) : one.kind}</span>
              </button>
            </li>
          ))}
        </ul>
        {shown === DIFF ? <Diff run={run} /> : shown !== null && <Source key={shown} run={run} path={shown} line={Number(query.get("line"))} />}
      </div>
    </>
  );
}

export function Git({ git }: { git: GitState }) {
  return (
    <p class="facts">
      {git.branch && (
        <span>
          branch <b>{git.branch}</b>
        </span>
      )}
      {git.commit && (
        <span>
          commit <code title={git.commit}>{git.commit.slice(0, 10)}</code>
        </span>
      )}
      {git.dirty === "True" && <span class="badge is-note">uncommitted changes</span>}
      {git.remote && <span class="dim">{git.remote}</span>}
    </p>
  );
}

function Source({ run, path, line }: { run: RunRow; path: string; line: number }) {
  const loaded = useLoaded((abort) => get("runs/{id}/code/file", { id: run.id, file: path }, abort), [run.id, path]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} /> : <Waiting what="the file" />;
  if (loaded.data.text === null) return <p class="dim">This file is not text.</p>;
  return (
    <section class="preview" aria-label={path}>
      <Listing text={loaded.data.text} look={(_, at) => (at + 1 === line ? "is-marked" : "")} line={line} isNumbered isPython={path.endsWith(".py")} />
      {loaded.data.is_cut && <p class="dim">Only the beginning of the file is shown.</p>}
    </section>
  );
}

/** What git had not committed when the run was submitted. */
export function Diff({ run }: { run: RunRow }) {
  const loaded = useLoaded((abort) => get("runs/{id}/code/diff", { id: run.id }, abort), [run.id]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} /> : <Waiting what="the diff" />;
  if (loaded.data.text === null) return <p class="dim">The diff is not text.</p>;
  return (
    <section class="preview" aria-label="Uncommitted changes">
      <Changes text={loaded.data.text} isCut={loaded.data.is_cut} />
    </section>
  );
}
