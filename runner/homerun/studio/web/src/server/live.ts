/** The one stream of events. A listener names topics; the stream is opened with all of them. */

import { useEffect, useRef } from "preact/hooks";
import type { Queries } from "../types";
import { type AnyEvent, events, signedOut } from "./api";
import { connection } from "./connection";
import { mayStream } from "./streams";

type LiveEvent = Exclude<AnyEvent, { event: "hello" }>;
type Listener = (news: LiveEvent) => void;

interface Topics {
  topics: string[];
  metrics?: string[] | undefined;
  experiment?: string | undefined;
}

const REOPEN_MS = 50;
const RETRY_MS = 1000;
const ASK_AGAIN_MS = 1500;

const listeners = new Map<Listener, Topics>();
let stream: AbortController | null = null;
let opened = "";
let cursor: string | null = null;
let timer = 0;

/** What is known up to here; later events come after it. */
export function startAt(known: string): void {
  cursor ??= known;
}

export function listen(topics: Topics, listener: Listener): () => void {
  listeners.set(listener, topics);
  renew();
  return () => {
    listeners.delete(listener);
    renew();
  };
}

/** The stream is closed at once: what it still told would move the cursor past news that the next one is to tell. */
function renew(): void {
  if (query().key !== opened) close();
  soon(REOPEN_MS);
}

function close(): void {
  stream?.abort();
  stream = null;
}

function soon(delay: number): void {
  clearTimeout(timer);
  timer = window.setTimeout(open, delay);
}

function wanted(): Topics {
  const all = [...listeners.values()];
  return {
    topics: [...new Set(all.flatMap((one) => one.topics))].sort(),
    metrics: [...new Set(all.flatMap((one) => one.metrics ?? []))].sort(),
    experiment: all.find((one) => one.experiment)?.experiment,
  };
}

function query(): { asked: Queries["events"]; key: string } {
  const all = wanted();
  const asked = { topic: all.topics, metrics: all.metrics, experiment: all.experiment };
  return { asked, key: JSON.stringify(asked) };
}

function open(): void {
  const { asked, key } = query();
  if (key === opened && stream) return;
  close();
  opened = key;
  if (!wanted().topics.length || document.hidden) return;
  void read({ ...asked, cursor });
}

// A hidden tab hears nothing. What it has missed comes from its cursor on when it is looked at.
document.addEventListener("visibilitychange", () => {
  close();
  soon(0);
});

/** Read until the stream ends, which it does only where the server or the way to it does; without one, ask once. */
async function read(asked: Queries["events"]): Promise<void> {
  const mine = new AbortController();
  stream = mine;
  const isMine = (): boolean => stream === mine;
  const isStream = await mayStream(mine.signal);
  if (!isMine()) return;
  const told = events(isStream ? asked : { ...asked, once: true }, (news, after) => isMine() && heard(news, after), mine.signal);
  const isWhole = await told.then(
    () => !isStream,
    () => false,
  );
  if (!isMine()) return;
  close();
  if (!isWhole) connection.value = "lost";
  if (!signedOut.value) soon(isWhole ? ASK_AGAIN_MS : RETRY_MS);
}

function heard(news: AnyEvent, after: string): void {
  if (after) cursor = after;
  if (news.event === "hello") connection.value = "live";
  else for (const listener of [...listeners.keys()]) listener(news);
}

/** Listen as long as the component is shown. */
export function useLive(topics: Topics, listener: Listener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => listen(topics, (news) => latest.current(news)), [JSON.stringify(topics)]);
}
