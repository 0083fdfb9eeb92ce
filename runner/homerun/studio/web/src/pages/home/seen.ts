/** What this user has seen on the start page: kept by the browser, for each store. */

import { computed, signal } from "@preact/signals";
import { info } from "../../state";
import type { HomeAnswer } from "../../types";
import { say } from "../../ui/dialog";
import { recall, remember } from "../../use";

interface Seen {
  /** Failures up to then. */
  since: string | null;
  /** Runs whose metrics are no numbers. */
  nans: string[];
}

const NOTHING: Seen = { since: null, nans: [] };
const MOST = 500;

const changes = signal(0);
const key = (): string => `seen ${info.value?.store ?? ""}`;

export const seen = computed<Seen>(() => (changes.value >= 0 ? { ...NOTHING, ...recall<Partial<Seen>>(key(), {}) } : NOTHING));

function keep(next: Seen): void {
  remember(key(), next);
  changes.value += 1;
}

/** All that is shown now was seen. */
export function markSeen(home: HomeAnswer): void {
  const before = seen.value;
  const nans = [...new Set([...home.nans.runs.map((one) => one.run.id), ...before.nans])].slice(0, MOST);
  keep({ since: home.failed.until ?? before.since, nans });
  say("Marked as seen.", false, () => keep(before));
}
