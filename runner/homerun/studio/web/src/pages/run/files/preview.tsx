/** What is in a file, as far as it can be shown. */

import type { ComponentChildren } from "preact";
import { bytes, count, plural } from "../../../format";
import { address, get, range } from "../../../server/api";
import type { PreviewAnswer, RunRow } from "../../../types";
import { Button, Facts, Failure, Waiting } from "../../../ui/basics";
import { copy } from "../../../ui/clipboard";
import { Download, Picture } from "../../../ui/files";
import { useLoaded } from "../../../use";
import { Columns } from "../media/columns";
import { elements, npyHead, safetensorsHead, safetensorsLength, shapeWord } from "./heads";
import { Markdown } from "./markdown";
import { cellsOf, Notebook } from "./notebook";
import "./files.css";

const HEAD_BYTES = 64 * 1024;
const MOST_HEAD_BYTES = 32 << 20;
const MOST_ROWS = 1000;

interface Props {
  run: RunRow;
  path: string;
  directory: string;
}

export function FilePreview({ run, path, directory }: Props) {
  const loaded = useLoaded((abort) => get("runs/{id}/preview", { id: run.id, file: path }, abort), [run.id, path]);
  const name = path.split("/").at(-1) ?? path;
  const found = loaded.data;
  return (
    <section class="preview" aria-label={`Preview of ${name}`}>
      <header>
        <b>{name}</b>
        <span class="dim">{bytes(found?.size)}</span>
        <span class="grow" />
        <Button icon="link" kind="bare" label="Copy its path" onClick={() => void copy(`${directory}/${path}`)} />
        <Download to={address("runs/{id}/file", { id: run.id, file: path, download: true })}>Download</Download>
      </header>
      {found ? (
        <Shown run={run} name={name} found={found} />
      ) : loaded.error ? (
        <Failure error={loaded.error} retry={loaded.reload} />
      ) : (
        <Waiting what="the file" />
      )}
    </section>
  );
}

function Shown({ run, name, found }: { run: RunRow; name: string; found: PreviewAnswer }) {
  const ending = name.toLowerCase().split(".").at(-1) ?? "";
  const text = found.text ?? "";
  if (found.kind === "image") return <Picture run={run.id} file={found.path} alt={name} />;
  if (ending === "npy") return <Read key={found.path} read={(abort) => readNpy(run.id, found, abort)} />;
  if (ending === "safetensors") return <Read key={found.path} read={(abort) => readSafetensors(run.id, found, abort)} />;
  if (ending === "parquet") return <Read key={found.path} read={(abort) => readParquet(run.id, found, abort)} />;
  if (found.kind === "none") return <p class="dim">This kind of file has no preview.</p>;
  const cells = ending === "ipynb" ? cellsOf(text) : null;
  return (
    <>
      {found.rows ? (
        <Columns label="Rows" columns={columnsOf(found.columns ?? [], found.rows)} />
      ) : cells ? (
        <Notebook cells={cells} />
      ) : ending === "md" ? (
        <div class="scrolled is-tall" tabIndex={0} role="region" aria-label={name}>
          <Markdown text={text} />
        </div>
      ) : (
        <pre class="scrolled is-tall" tabIndex={0}>
          {found.kind === "json" ? pretty(text) : text}
        </pre>
      )}
      {found.is_cut && <p class="dim">Only the beginning is shown. Download the file to see the rest.</p>}
    </>
  );
}

/** Cells that are numbers are ordered as such. */
function columnsOf(names: string[], rows: string[][]): [string, unknown[]][] {
  return names.map((name, at) => {
    const cells = rows.map((row) => row[at] ?? "");
    const isNumeric = cells.some((one) => one !== "") && cells.every((one) => one === "" || (one.trim() !== "" && Number.isFinite(Number(one))));
    return [name || `column ${at + 1}`, isNumeric ? cells.map((one) => (one === "" ? null : Number(one))) : cells];
  });
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** What takes more than one look at the file. */
function Read({ read }: { read: (abort: AbortSignal) => Promise<ComponentChildren> }) {
  const loaded = useLoaded(read, []);
  if (loaded.error) return <Failure error={new Error(`It cannot be read: ${loaded.error.message}`)} />;
  return <div class="preview">{loaded.data ?? <Waiting what="the file" />}</div>;
}

async function readNpy(id: string, { path, size }: PreviewAnswer, abort: AbortSignal): Promise<ComponentChildren> {
  const head = npyHead(await range(id, path, 0, Math.min(size, HEAD_BYTES), abort));
  if (!head) throw new Error("its header is not that of a file of numpy.");
  return (
    <Facts
      rows={[
        ["Shape", shapeWord(head)],
        ["Type", <code>{head.type}</code>],
        ["Numbers", count(elements(head))],
      ]}
    />
  );
}

async function readSafetensors(id: string, { path, size }: PreviewAnswer, abort: AbortSignal): Promise<ComponentChildren> {
  const length = safetensorsLength(await range(id, path, 0, Math.min(size, 8), abort));
  if (length < 10 || length > Math.min(size, MOST_HEAD_BYTES)) throw new Error("its header is not that of a safetensors file.");
  const { tensors, metadata } = safetensorsHead(await range(id, path, 0, length, abort));
  const total = tensors.reduce((all, one) => all + elements(one), 0);
  return (
    <>
      <p>
        {plural(tensors.length, "tensor")}, {plural(total, "parameter")}
        {metadata.map(([name, value]) => ` · ${name}: ${value}`).join("")}
      </p>
      <Columns
        label="Tensors"
        columns={[
          ["name", tensors.map((one) => one.name)],
          ["type", tensors.map((one) => one.type)],
          ["shape", tensors.map(shapeWord)],
          ["parameters", tensors.map(elements)],
        ]}
      />
    </>
  );
}

async function readParquet(id: string, { path, size }: PreviewAnswer, abort: AbortSignal): Promise<ComponentChildren> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const file = { byteLength: size, slice: (from: number, to = size) => range(id, path, from < 0 ? size + from : from, to, abort) };
  const metadata = await parquetMetadataAsync(file);
  const total = Number(metadata.num_rows);
  const rows = await parquetReadObjects({ file, metadata, rowStart: 0, rowEnd: Math.min(total, MOST_ROWS) });
  const names = Object.keys(rows[0] ?? {});
  const cell = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value instanceof Date ? value.toISOString() : value);
  return (
    <>
      <Columns label="Rows" columns={names.map((name) => [name, rows.map((row) => cell(row[name]))])} />
      {total > rows.length && (
        <p class="dim">
          The first {count(rows.length)} of {plural(total, "row")} are shown.
        </p>
      )}
    </>
  );
}
