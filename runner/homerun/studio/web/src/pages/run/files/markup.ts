/** Markdown of others as a piece of a page that does nothing: no script, no style, no picture from elsewhere. Loaded when it is needed. */

import DOMPurify from "dompurify";
import { Marked } from "marked";

/** Of HTML in the text its words alone are shown: none of it is given to a parser. */
const marked = new Marked({
  renderer: {
    html: ({ text }) =>
      text
        .replace(/<[^>]*>/g, "")
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;"),
  },
});

const FORBIDDEN = {
  FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "dialog", "svg", "math", "img", "video", "audio", "iframe"],
  FORBID_ATTR: ["style", "id", "class", "name"],
};

export function markup(text: string): DocumentFragment {
  const made = DOMPurify.sanitize(marked.parse(text, { async: false }), { ...FORBIDDEN, RETURN_DOM_FRAGMENT: true });
  for (const link of made.querySelectorAll("a")) {
    // A link within the file would be one of Studio.
    if (!/^https?:\/\//i.test(link.getAttribute("href") ?? "")) link.removeAttribute("href");
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  return made;
}
