/** The key of this browser's session: beside the cookie, which every server of this host is sent. */

import { recall, remember } from "../use";

export const KEY_HEADER = "homerun-key";
/** Others may have their Studio at the same origin, below another path. */
const NAME = `key ${location.pathname}`;
const GIVEN = /^#key=([\w-]+)$/;

let key = recall<string>(NAME, "");

export function keep(given: string): void {
  key = given;
  remember(NAME, given);
}

export const headers = (): Record<string, string> => (key ? { [KEY_HEADER]: key } : {});

/** The address that lets a browser in leads to the page with the key behind the #: no server is sent that. */
function takeKey(): void {
  const found = GIVEN.exec(location.hash)?.[1];
  if (!found) return;
  keep(found);
  history.replaceState(null, "", `${location.pathname}${location.search}`);
}

takeKey();
