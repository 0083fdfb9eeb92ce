/** The files that a unified diff is about, as git and `diff -u` print it. */

export interface ChangedFile {
  path: string;
  added: number;
  removed: number;
  lines: string[];
  /** How each line looks. */
  looks: string[];
}

const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;
const NO_TEXT = /^the file (.*) differs, and is no text that can be shown$/;
const NOWHERE = "/dev/null";

/** Within a hunk a line is what its first character says, whatever it looks like: its head tells how many there are. */
export function changedFiles(text: string): ChangedFile[] {
  const found: ChangedFile[] = [];
  let [old, fresh] = [0, 0];
  let isBehindHunks = true;
  const begin = (path: string): void => {
    found.push({ path, added: 0, removed: 0, lines: [], looks: [] });
    isBehindHunks = false;
  };
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const line of lines) {
    const isInHunk = old > 0 || fresh > 0 || line.startsWith("\\");
    const hunk = isInHunk ? null : HUNK.exec(line);
    if (!isInHunk && !hunk) {
      const alone = NO_TEXT.exec(line)?.[1];
      if (alone !== undefined) {
        begin(alone);
        isBehindHunks = true;
      } else if (line.startsWith("diff ")) begin(line.slice(line.lastIndexOf(" b/") + 3));
      else if (isBehindHunks) begin("");
    }
    const file = found.at(-1);
    if (!file) continue;
    if (!isInHunk && !hunk && /^(---|\+\+\+) /.test(line)) file.path = pathOf(line) ?? file.path;
    file.lines.push(line);
    file.looks.push(hunk ? "is-place" : isInHunk ? lookOf(line) : "is-about");
    if (hunk) {
      [old, fresh] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
      isBehindHunks = true;
    } else if (isInHunk && !line.startsWith("\\")) {
      if (line.startsWith("+")) [fresh, file.added] = [fresh - 1, file.added + 1];
      else if (line.startsWith("-")) [old, file.removed] = [old - 1, file.removed + 1];
      else [old, fresh] = [old - 1, fresh - 1];
    }
  }
  return found;
}

const lookOf = (line: string): string => (line.startsWith("+") ? "is-new" : line.startsWith("-") ? "is-gone" : "");

/** Without the folder that tells the two sides apart; null: on this side there is no file. */
function pathOf(line: string): string | null {
  const path = line.slice(4).replace(/\t$/, "");
  return path === NOWHERE ? null : path.slice(path.indexOf("/") + 1);
}
