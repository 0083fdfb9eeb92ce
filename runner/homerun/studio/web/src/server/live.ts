/** The one stream of events. A listener names topics; the stream is opened with all of them. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Events, Queries } from "../types";
import { address } from "./api";

type News = Omit<Events, "hello">;
/** An event with what it holds: to know its name is to know its data. */
export type LiveEvent = { [Name in keyof News]: { event: Name; data: News[Name] } }[keyof News];
type Listener = (news: LiveEvent) => void;

interface Topics {
  topics: string[];
  metrics?: string[] | undefined;
  experiment?: string | undefined;
}

const EVENTS: (keyof News)[] = ["runs", "experiments", "queue", "run", "metrics", "log", "reset"];
const REOPEN_MS = 50;
const RETRY_MS = 3000;

export const connection = signal<"idle" | "live" | "lost">("idle");

const listeners = new Map<Listener, Topics>();
let source: EventSource | null = null;
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
  if (query().key !== opened) source?.close();
  soon(REOPEN_MS);
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
  if (key === opened && source && source.readyState !== EventSource.CLOSED) return;
  source?.close();
  source = null;
  opened = key;
  if (!wanted().topics.length) return;
  source = new EventSource(address("events", { ...asked, cursor }));
  source.onerror = lost;
  source.addEventListener("hello", () => (connection.value = "live"));
  for (const name of EVENTS) source.addEventListener(name, (event) => heard(name, event));
}

function lost(): void {
  connection.value = "lost";
  // The browser tries again by itself, but not after an answer that was an error.
  if (source?.readyState === EventSource.CLOSED) soon(RETRY_MS);
}

function heard(name: keyof News, event: MessageEvent<string>): void {
  if (event.lastEventId) cursor = event.lastEventId;
  const news = { event: name, data: JSON.parse(event.data) } as LiveEvent;
  for (const listener of [...listeners.keys()]) listener(news);
}

/** Listen as long as the component is shown. */
export function useLive(topics: Topics, listener: Listener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => listen(topics, (news) => latest.current(news)), [JSON.stringify(topics)]);
}
