/** Which words of a Python file are of which kind. Loaded when it is needed. */

import { highlightCode, tagHighlighter, tags } from "@lezer/highlight";
import { parser } from "@lezer/python";
import type { Piece } from "../../../log/ansi";

const LOOKS = tagHighlighter([
  { tag: tags.comment, class: "is-comment" },
  { tag: [tags.string, tags.special(tags.string)], class: "is-string" },
  { tag: [tags.number, tags.bool, tags.null], class: "is-value" },
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword], class: "is-word" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], class: "is-definition" },
]);

/** The lines of a file, each in pieces. */
export function coloured(text: string): Piece[][] {
  const lines: Piece[][] = [[]];
  const put = (piece: string, look: string): void => void lines.at(-1)?.push({ text: piece, look });
  highlightCode(text, parser.parse(text), LOOKS, put, () => void lines.push([]));
  return lines;
}
