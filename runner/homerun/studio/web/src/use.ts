/** Hooks that several pages share. */

import { effect } from "@preact/signals";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { connection } from "./server/connection";

export interface Loaded<T> {
  data: T | null;
  error: Error | null;
  reload: () => void;
  /** How many questions were asked so far. */
  asked: () => number;
  /** Which of them the answer is for. */
  answered: number;
}

interface Answer<T> {
  /** What was asked about. */
  about: unknown[];
  data: T | null;
  error: Error | null;
  answered: number;
}

/**
 * Ask when something of `about` or `again` changes, again on `reload`, and again when the server is back after an error.
 *
 * @param about what the question is about: once it is about something else, the former answer is gone at once
 * @param again what else an answer depends on: the former one stays until the next is there
 */
export function useLoaded<T>(ask: (abort: AbortSignal) => Promise<T>, about: unknown[], again: unknown[] = []): Loaded<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ about, data: null, error: null, answered: 0 });
  const [round, setRound] = useState(0);
  const asked = useRef(0);
  useEffect(() => {
    const control = new AbortController();
    const answered = (asked.current += 1);
    ask(control.signal).then(
      (data) => !control.signal.aborted && setAnswer({ about, data, error: null, answered }),
      (error: Error) => !control.signal.aborted && setAnswer((former) => ({ ...answerAbout(former, about), error })),
    );
    return () => control.abort();
  }, [...about, ...again, round]);
  const { data, error, answered } = answerAbout(answer, about);
  const isFailed = useRef(false);
  isFailed.current = error !== null;
  useEffect(() => effect(() => void (connection.value === "live" && isFailed.current && setRound((value) => value + 1))), []);
  return { data, error, answered, reload: useCallback(() => setRound((value) => value + 1), []), asked: useCallback(() => asked.current, []) };
}

/** An answer, or none yet where it is about something else. */
function answerAbout<T>(answer: Answer<T>, about: unknown[]): Answer<T> {
  return about.every((one, at) => Object.is(one, answer.about[at])) ? answer : { ...answer, about, data: null, error: null };
}

interface Told<T> {
  asked: number;
  one: T;
}

/** What events told, by key, since an answer was asked for: it may be newer than that answer. */
export function useNews<T>({ asked, answered }: Loaded<unknown>): [ReadonlyMap<string, T>, (news: [string, T][]) => void] {
  const [told, setTold] = useState<ReadonlyMap<string, Told<T>>>(new Map());
  const tell = (news: [string, T][]): void =>
    setTold((former) => new Map([...former, ...news.map(([key, one]): [string, Told<T>] => [key, { asked: asked(), one }])]));
  const fresh = useMemo(() => new Map([...told].filter(([, one]) => one.asked >= answered).map(([key, { one }]): [string, T] => [key, one])), [told, answered]);
  return [fresh, tell];
}

/** Call at most once in `ms`, and once more after the last call. */
export function useThrottled(call: () => void, ms: number): () => void {
  const latest = useRef(call);
  latest.current = call;
  const timer = useRef(0);
  const last = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    if (timer.current) return;
    timer.current = window.setTimeout(
      () => {
        timer.current = 0;
        last.current = Date.now();
        latest.current();
      },
      Math.max(0, ms - (Date.now() - last.current)),
    );
  }, [ms]);
}

/** The size of an element, also after it changes. */
export function useSize<T extends Element>(): [(element: T | null) => void, { width: number; height: number }] {
  const [size, setSize] = useState({ width: 0, height: 0 });
  const observer = useRef<ResizeObserver | null>(null);
  const attach = useCallback((element: T | null) => {
    observer.current?.disconnect();
    if (!element) return;
    observer.current = new ResizeObserver(([entry]) => {
      const { width, height } = entry?.contentRect ?? {};
      if (width !== undefined && height !== undefined) setSize((former) => (former.width === width && former.height === height ? former : { width, height }));
    });
    observer.current.observe(element);
  }, []);
  return [attach, size];
}

/** A value that this browser remembers. */
export function recall<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`homerun.${key}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`homerun.${key}`, JSON.stringify(value));
  } catch {
    // A browser without storage forgets; nothing else changes.
  }
}

/** A value once it has stood still for a while: while a slider moves nothing is asked for. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

export function useRemembered<T>(key: string, fallback: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => recall(key, fallback));
  useEffect(() => setValue(recall(key, fallback)), [key]);
  const keep = useCallback(
    (next: T) => {
      remember(key, next);
      setValue(next);
    },
    [key],
  );
  return [value, keep];
}
