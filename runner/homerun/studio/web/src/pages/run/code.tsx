/** The code as it was at submit, and what git had not committed. */

import { useState } from "preact/hooks";
import { address, get, runPath } from "../../api";
import { bytes } from "../../format";
import type { CodeAnswer, Run } from "../../types";
import { Empty, Failure, Waiting } from "../../ui/basics";
import { Icon } from "../../ui/icon";
import { useLoaded } from "../../use";
import type { TabProps } from "./tab";

const DIFF = "\n";

export function Code({ run }: TabProps) {
  const loaded = useLoaded((abort) => get<CodeAnswer>(runPath(run.id, "code"), {}, abort), [run.id]);
  const [picked, setShown] = useState<string | null>(null);
  const found = loaded.data;
  const shown = picked ?? found?.files.find((one) => one.path === run.script && one.kind === "file")?.path ?? null;
  if (!found) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the code" />;
  if (!found.snapshot && !found.has_diff && !found.git) {
    return (
      <Empty title="No code is kept">
        <p>Only a run that was submitted has a snapshot of its source folder.</p>
      </Empty>
    );
  }
  return (
    <>
      <div class="bar">
        {found.git && <Git git={found.git} />}
        <span class="grow" />
        <a class="button" href={address(runPath(run.id, "code/zip"))} download>
          <Icon name="download" /> <span>Download as zip</span>
        </a>
      </div>
      <div class="split is-code">
        <ul class="file-list" aria-label="Code">
          {found.has_diff && (
            <li>
              <button type="button" aria-current={shown === DIFF} onClick={() => setShown(DIFF)}>
                <Icon name="edit" />
                <span class="grow">Not committed (git diff)</span>
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
        {shown === DIFF ? <Diff run={run} /> : shown !== null && <Source key={shown} run={run} path={shown} />}
      </div>
    </>
  );
}

function Git({ git }: { git: NonNullable<CodeAnswer["git"]> }) {
  return (
    <p class="facts">
      {git.branch && <span>branch <b>{git.branch}</b></span>}
      {git.commit && <span>commit <code title={git.commit}>{git.commit.slice(0, 10)}</code></span>}
      {git.dirty && <span class="badge is-note">with changes</span>}
      {git.remote && <span class="dim">{git.remote}</span>}
    </p>
  );
}

function Source({ run, path }: { run: Run; path: string }) {
  const loaded = useLoaded((abort) => get<{ text: string; is_cut: boolean; is_binary: boolean }>(runPath(run.id, "code/file"), { file: path }, abort), [run.id, path]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} /> : <Waiting what="the file" />;
  if (loaded.data.is_binary) return <p class="dim">This file is not text.</p>;
  return (
    <section class="preview" aria-label={path}>
      <Listing text={loaded.data.text} look={() => ""} />
      {loaded.data.is_cut && <p class="dim">This is the beginning of the file.</p>}
    </section>
  );
}

function Diff({ run }: { run: Run }) {
  const loaded = useLoaded((abort) => get<{ text: string; is_cut: boolean }>(runPath(run.id, "code/diff"), {}, abort), [run.id]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} /> : <Waiting what="the diff" />;
  return (
    <section class="preview" aria-label="What was not committed">
      <Listing text={loaded.data.text} look={changeOf} />
      {loaded.data.is_cut && <p class="dim">This is the beginning of the diff.</p>}
    </section>
  );
}

function changeOf(line: string): string {
  if (/^(diff|index|---|\+\+\+) ?/.test(line)) return "is-about";
  if (line.startsWith("@@")) return "is-place";
  return line.startsWith("+") ? "is-new" : line.startsWith("-") ? "is-gone" : "";
}

const MOST_LINES = 20_000;

function Listing({ text, look }: { text: string; look: (line: string) => string }) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <pre class="listing scrolled is-tall" tabIndex={0}>
      {lines.slice(0, MOST_LINES).map((line, at) => (
        <span key={at} class={look(line)}>{`${line}\n`}</span>
      ))}
    </pre>
  );
}
