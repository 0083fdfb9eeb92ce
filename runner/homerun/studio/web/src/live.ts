/** The one stream of events. Whoever listens names topics; the stream is opened with all of them. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { address } from "./api";

export type LiveEvent = "runs" | "experiments" | "queue" | "run" | "metrics" | "log" | "reset";
type Listener = (event: LiveEvent, data: never) => void;

interface Wish {
  topics: string[];
  metrics?: string[] | undefined;
  experiment?: string | undefined;
}

const EVENTS: LiveEvent[] = ["runs", "experiments", "queue", "run", "metrics", "log", "reset"];
const REOPEN_MS = 50;
const RETRY_MS = 3000;

export const connection = signal<"idle" | "live" | "lost">("idle");

const listeners = new Map<Listener, Wish>();
let source: EventSource | null = null;
let opened = "";
let cursor: string | null = null;
let timer = 0;

/** What is known up to here; later events come after it. */
export function startAt(known: string): void {
  cursor ??= known;
}

export function listen(wish: Wish, listener: Listener): () => void {
  listeners.set(listener, wish);
  soon(REOPEN_MS);
  return () => {
    listeners.delete(listener);
    soon(REOPEN_MS);
  };
}

function soon(delay: number): void {
  clearTimeout(timer);
  timer = window.setTimeout(open, delay);
}

function wanted(): Wish {
  const all = [...listeners.values()];
  return {
    topics: [...new Set(all.flatMap((one) => one.topics))].sort(),
    metrics: [...new Set(all.flatMap((one) => one.metrics ?? []))].sort(),
    experiment: all.find((one) => one.experiment)?.experiment,
  };
}

function open(): void {
  const wish = wanted();
  const query = { topic: wish.topics, metrics: wish.metrics, experiment: wish.experiment };
  const key = JSON.stringify(query);
  if (key === opened && source && source.readyState !== EventSource.CLOSED) return;
  source?.close();
  source = null;
  opened = key;
  if (!wish.topics.length) return;
  source = new EventSource(address("events", { ...query, cursor }));
  source.onerror = lost;
  source.addEventListener("hello", () => (connection.value = "live"));
  for (const name of EVENTS) source.addEventListener(name, (event) => heard(name, event));
}

function lost(): void {
  connection.value = "lost";
  // The browser tries again by itself, but not after an answer that was an error.
  if (source?.readyState === EventSource.CLOSED) soon(RETRY_MS);
}

function heard(name: LiveEvent, event: MessageEvent<string>): void {
  if (event.lastEventId) cursor = event.lastEventId;
  const data = JSON.parse(event.data) as never;
  for (const listener of [...listeners.keys()]) listener(name, data);
}

/** Listen as long as the component is shown. */
export function useLive(wish: Wish, listener: (event: LiveEvent, data: never) => void): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => listen(wish, (event, data) => latest.current(event, data)), [JSON.stringify(wish)]);
}
