/** The last traceback of a log, taken apart. */

import { plain } from "../../../log/ansi";
import type { LogLine } from "../../../log/text";

export interface Frame {
  file: string;
  line: number;
  name: string;
  /** What stands below: the line of code, and the marks under it. */
  code: string[];
  /** It is not of Python or of a package. */
  isOwn: boolean;
  /** In the code of the run; null: it is not among that. */
  path: string | null;
  /** The byte of the log with which it begins. */
  at: number;
}

export interface Raised {
  /** How it came after the one before: `The above exception was the direct cause …`; "": it is the first. */
  link: string;
  frames: Frame[];
  /** The exception with its message. */
  said: string[];
  /** The byte of the log at which the exception stands. */
  at: number;
}

const BEGIN = "Traceback (most recent call last):";
const LINKS = ["The above exception was the direct cause of the following exception:", "During handling of the above exception, another exception occurred:"];
const RANK = /^\[(?:rank|default|)\d+\]:? ?/;
const FRAME = /^ {2}File "(.*)", line (\d+)(?:, in (.*))?$/;
const PACKAGES = /(^|[/\\])(site-packages|dist-packages)[/\\]|(^|[/\\])lib(64)?[/\\]python\d[^/\\]*[/\\]|^<frozen /;
const COPY = /\/work\/[^/]+\/(.+)$/;
const MOST_SAID = 30;

/** Each exception of the chain, the one that ended the script last; none: there is no traceback. */
export function lastTraceback(lines: readonly LogLine[], id: string): Raised[] {
  const texts = lines.map((one) => plain(one.text).replace(RANK, ""));
  const last = texts.lastIndexOf(BEGIN);
  if (last < 0) return [];
  const found: Raised[] = [];
  for (let begin = last, link = ""; begin >= 0; ) {
    const raised = read(lines, texts, begin, id);
    [link, begin] = before(texts, begin);
    found.unshift({ ...raised, link });
  }
  return found;
}

/** The sentence above a traceback that links it to another, and the line with which that begins; below 0: there is none. */
function before(texts: readonly string[], begin: number): [string, number] {
  let at = begin - 1;
  while (texts[at] === "") at -= 1;
  const link = texts[at] ?? "";
  if (!LINKS.includes(link)) return ["", -1];
  return [link, texts.lastIndexOf(BEGIN, at)];
}

function read(lines: readonly LogLine[], texts: readonly string[], begin: number, id: string): Omit<Raised, "link"> {
  const frames: Frame[] = [];
  let at = begin + 1;
  for (; at < texts.length && (texts[at] ?? "").startsWith("  "); at += 1) {
    const text = texts[at] ?? "";
    const match = FRAME.exec(text);
    if (match) frames.push(frameOf(match, lines[at]?.at ?? 0, id));
    else frames.at(-1)?.code.push(text);
  }
  const said: string[] = [];
  const first = at;
  for (; at < texts.length && said.length < MOST_SAID && (texts[at] !== "" || !said.length); at += 1) said.push(texts[at] ?? "");
  return { frames, said, at: lines[Math.min(first, lines.length - 1)]?.at ?? 0 };
}

function frameOf([, file = "", line = "0", name = ""]: RegExpExecArray, at: number, id: string): Frame {
  const isCopy = file.includes(`/${id}/work/`);
  return { file, line: Number(line), name, code: [], isOwn: isCopy || !PACKAGES.test(file), path: isCopy ? (COPY.exec(file)?.[1] ?? null) : null, at };
}
