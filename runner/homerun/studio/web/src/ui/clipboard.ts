/** Copying for the user, wherever the page comes from. */

import { say } from "./dialog";

/**
 * Copy a text, and say so.
 *
 * @param instead what to do where the browser lets no page copy
 */
export async function copy(text: string, instead = `take it from here: ${text}`): Promise<void> {
  try {
    // A page that came from another machine without TLS has no clipboard at all.
    await navigator.clipboard.writeText(text);
  } catch {
    say(`The browser does not let this page copy: ${instead}`, true);
    return;
  }
  say("Copied to the clipboard.");
}
