/** The changes of code, file by file: what git had not committed, or what differs between two runs. */

import { useMemo, useState } from "preact/hooks";
import { count, plural } from "../../../format";
import { type ChangedFile, changedFiles } from "./changes";
import { Listing } from "./listing";

/** The first files are open, up to so many lines of all of them. */
const MOST_OPEN = 3_000;

export function Changes({ text, isCut }: { text: string; isCut: boolean }) {
  const files = useMemo(() => changedFiles(text), [text]);
  let lines = 0;
  return (
    <>
      <p class="dim">{plural(files.length, "file")} changed</p>
      {files.map((file, at) => {
        lines += file.lines.length;
        return <File key={at} file={file} isFirst={lines <= MOST_OPEN} />;
      })}
      {isCut && <p class="dim">Only the beginning of the changes is shown.</p>}
    </>
  );
}

function File({ file, isFirst }: { file: ChangedFile; isFirst: boolean }) {
  const [isOpen, setOpen] = useState(isFirst);
  return (
    <details class="changed" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <code>{file.path}</code>
        <span class="added">+{count(file.added)}</span>
        <span class="removed">−{count(file.removed)}</span>
      </summary>
      {isOpen && <Listing text={file.lines.join("\n")} look={(_, at) => file.looks[at] ?? ""} />}
    </details>
  );
}
