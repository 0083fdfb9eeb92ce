/** A search over a whole log, of which the hits come one by one. */

import { useEffect, useRef, useState } from "preact/hooks";
import { lines } from "../server/api";
import type { LogHit, Streams } from "../types";

const ROUTE = "runs/{id}/log/search";
type Line = Streams[typeof ROUTE];

export interface Search {
  hits: LogHit[];
  share: number;
  isDone: boolean;
  isCut: boolean;
  error: Error | null;
}

export type Wanted = { q: string; isExact: boolean; isRegex: boolean } | { errors: true } | null;

const NONE: Search = { hits: [], share: 0, isDone: true, isCut: false, error: null };
const BEGUN: Search = { ...NONE, isDone: false };
const SHOW_MS = 60;

export function useSearch(run: string, log: string, wanted: Wanted): Search {
  const key = wanted && !("q" in wanted && !wanted.q) ? JSON.stringify([run, log, wanted]) : "";
  const [state, setState] = useState({ key: "", search: NONE });
  const timer = useRef(0);
  useEffect(() => {
    if (!key || !wanted) return;
    const control = new AbortController();
    const found: Search = { hits: [], share: 0, isDone: false, isCut: false, error: null };
    const show = (): void => {
      timer.current = 0;
      if (!control.signal.aborted) setState({ key, search: { ...found } });
    };
    const soon = (): void => {
      timer.current ||= window.setTimeout(show, SHOW_MS);
    };
    const take = (line: Line): void => {
      if ("hit" in line) found.hits = [...found.hits, line.hit];
      else if ("read" in line) found.share = line.size ? line.read / line.size : 1;
      else [found.isDone, found.isCut, found.share] = [true, line.more, 1];
      soon();
    };
    const query = "q" in wanted ? { q: wanted.q, case: wanted.isExact, regex: wanted.isRegex } : { errors: true };
    show();
    lines(ROUTE, { id: run, log, ...query }, take, control.signal).catch((error: Error) => {
      if (error.name === "AbortError") return;
      [found.isDone, found.error] = [true, error];
      soon();
    });
    return () => {
      control.abort();
      clearTimeout(timer.current);
      timer.current = 0;
    };
  }, [key]);
  // The hits of the former search are not those of this one.
  if (state.key === key) return state.search;
  return key ? BEGUN : NONE;
}
