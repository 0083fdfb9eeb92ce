/** A log of any size: the lines in view, following, searching, and links to lines. */

import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { bytes, count } from "../format";
import { adjust, place } from "../route";
import { address } from "../server/api";
import { useLive } from "../server/live";
import { useWindow } from "../table/window";
import type { LogHit } from "../types";
import { Button, Failure, Switch } from "../ui/basics";
import { copy } from "../ui/clipboard";
import { Download } from "../ui/files";
import { useKeys } from "../ui/keys";
import { useRemembered, useSize } from "../use";
import { fold, type Piece, plain } from "./ansi";
import { useSearch, type Wanted } from "./search";
import { type LogLine, LogText } from "./text";
import { LONGEST_WRAPPED, piecesOf, Rows, shownOf } from "./wrap";
import "./log.css";

const LINE = 19;
const NEAR = 150;
/** By its width it is known how many characters stand in a row. */
const PROBE = "x".repeat(100);
const LONGEST_SHOWN = 4000;
const FAR = 1024 * 1024;
const COUNT_MS = 700;

export function LogViewer({ run, name, children }: { run: string; name: string; children?: ComponentChildren }) {
  const text = useMemo(() => new LogText(run, name), [run, name]);
  void text.version.value;
  const [isFollowing, setFollowing] = useState(false);
  const [isFolding, setFolding] = useRemembered("log.fold", true);
  const [isWrapping, setWrapping] = useRemembered("log.wrap", false);
  const [isExact, setExact] = useRemembered("log.case", false);
  const [isRegex, setRegex] = useRemembered("log.regex", false);
  const [marked, setMarked] = useState<number | null>(null);
  const [typed, setTyped] = useState("");
  const [wanted, setWanted] = useState<Wanted>(null);
  const [hitAt, setHitAt] = useState(-1);
  const box = useRef<HTMLInputElement>(null);
  const hits = useSearch(run, name, wanted);
  const digits = Math.max(3, String(text.lines.at(-1)?.number ?? 0).length);
  const [sized, room] = useSize<HTMLElement>();
  const [probed, probe] = useSize<HTMLElement>();
  const columns = isWrapping && probe.width ? Math.max(20, Math.floor((room.width * PROBE.length) / probe.width) - digits - 4) : 0;
  const rows = useMemo(() => new Rows(text.lines, columns, isFolding), [text.lines, text.version.value, columns, isFolding]);
  const former = useRef(rows);
  const latest = useRef(rows);
  latest.current = rows;
  const view = useWindow(rows.count, LINE);
  const attach = useCallback((element: HTMLElement | null) => {
    view.attach(element);
    sized(element);
  }, []);
  const quiet = useRef(false);
  const shows = useRef(0);

  const show = async (where: { end: true } | { at: number } | { line: number }): Promise<void> => {
    const mine = (shows.current += 1);
    quiet.current = true;
    setFollowing("end" in where);
    const line = await text.jump(where);
    if (mine !== shows.current) return; // another place is asked for by now
    requestAnimationFrame(() => {
      view.reveal("end" in where ? latest.current.count - 1 : latest.current.of(line), "end" in where ? "near" : "middle");
      quiet.current = false;
    });
    if (!("end" in where)) setMarked(text.lines[line]?.at ?? null);
  };

  // Together with the log itself, so that no key comes before it and is undone by it.
  useLayoutEffect(() => {
    const { query } = place.value;
    const [line, at] = [Number(query.get("line")), query.get("at")];
    void show(line > 0 ? { line } : at !== null ? { at: Number(at) } : { end: true });
  }, [text]);

  useLayoutEffect(() => {
    const element = view.element();
    if (element && text.moved) {
      element.scrollTop += (text.moved > 0 ? rows.of(text.moved) : -former.current.of(-text.moved)) * LINE;
      text.moved = 0;
    }
    former.current = rows;
  });
  useLayoutEffect(() => {
    const element = view.element();
    if (isFollowing && element && text.isAtEnd) element.scrollTop = element.scrollHeight;
  }, [rows.count, text.to, isFollowing]);
  useEffect(() => {
    if (quiet.current || !text.isRead) return;
    if (view.first < NEAR) void text.above();
    if (view.last > rows.count - NEAR && !text.isAtEnd && !isFollowing) void text.below();
  }, [view.first, view.last, text.version.value]);

  useLive({ topics: [`log:${run}:${name}`] }, ({ event, data }) => {
    if (event !== "log") return;
    if (data.name !== name) return;
    const wasAtEnd = text.isAtEnd;
    text.grow(data.size, data.is_live);
    if (data.size < text.to) void show({ end: true });
    else if (isFollowing) void (text.size - text.to > FAR ? show({ end: true }) : text.below());
    else if (wasAtEnd && view.last > rows.count - NEAR) void text.below();
  });
  useUncounted(text);

  const scrolled = (): void => {
    const element = view.element();
    if (!element || quiet.current) return;
    const isAtBottom = element.scrollTop + element.clientHeight >= element.scrollHeight - 2 * LINE;
    if (isFollowing && !isAtBottom && text.isAtEnd) setFollowing(false);
    else if (!isFollowing && isAtBottom && text.isAtEnd && text.isLive) setFollowing(true);
  };
  const goto = (hit: LogHit | undefined, at: number): void => {
    if (!hit) return;
    setHitAt(at);
    setMarked(hit.at); // together with the count: the former hit is not marked while its place is read
    void show({ at: hit.at });
  };
  const step = (by: number): void => {
    const number = hits.hits.length;
    if (number) goto(hits.hits[(hitAt + by + number) % number], (hitAt + by + number) % number);
  };
  const search = (event: Event): void => {
    event.preventDefault();
    setHitAt(-1);
    setWanted(typed ? { q: typed, isExact, isRegex } : null);
  };
  /** Search for the same in another way. */
  const again = (way: { isExact?: boolean; isRegex?: boolean }): void => {
    const next = { isExact, isRegex, ...way };
    setExact(next.isExact);
    setRegex(next.isRegex);
    if (!wanted || !("q" in wanted)) return;
    setHitAt(-1);
    setWanted({ q: wanted.q, ...next });
  };
  const toErrors = (): void => {
    setTyped("");
    if (wanted && "errors" in wanted) return step(1);
    setHitAt(-1);
    setWanted({ errors: true });
  };
  useLayoutEffect(() => {
    // The first hit comes into view by itself.
    if (hitAt < 0 && hits.hits.length && wanted) goto(hits.hits[0], 0);
  }, [hits.hits.length > 0, wanted]);
  const link = (line: LogLine): void => {
    setMarked(line.at);
    adjust({ log: name, line: line.number, at: line.number === null ? line.at : null });
    void copy(location.href, "the link to the line is the address of this page");
  };
  const scroll = (lines: number): void => view.element()?.scrollBy({ top: lines * LINE });

  useKeys("Log", [
    { keys: "/", does: "search the log", run: () => toSearch(box.current) },
    { keys: "n", does: "next hit", run: () => step(1) },
    { keys: "N", does: "previous hit", run: () => step(-1) },
    { keys: "e", does: "next line that looks like an error", run: toErrors },
    { keys: "f", does: "follow the end of the log, or stop following", run: () => (isFollowing ? setFollowing(false) : void show({ end: true })) },
    { keys: "w", does: "wrap long lines, or stop wrapping", run: () => setWrapping(!isWrapping) },
    { keys: "<", does: "first line", run: () => void show({ at: 0 }) },
    { keys: ">", does: "last line", run: () => void show({ end: true }) },
    { keys: "j", does: "down", run: () => scroll(3) },
    { keys: "k", does: "up", run: () => scroll(-3) },
  ]);

  if (text.error.value && !text.isRead) return <Failure error={text.error.value} retry={() => void show({ end: true })} />;
  const shown = Array.from({ length: view.last - view.first + 1 }, (_, at) => rows.at(view.first + at));
  const needle = wanted && "q" in wanted && !wanted.isRegex ? wanted.q : "";
  const here = text.lines[rows.at(Math.min(view.first + 8, rows.count - 1)).line]?.at ?? 0;
  return (
    <div class="log">
      <div class="bar is-tools" role="toolbar" aria-label="Log">
        {children}
        <form role="search" class="log-search" aria-label="In the log" onSubmit={search}>
          <input
            ref={box}
            type="search"
            aria-label="Search the whole log"
            placeholder="Search the whole log"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </form>
        <Button pressed={isExact} hint="Match case" label="Match case" onClick={() => again({ isExact: !isExact })}>
          Aa
        </Button>
        <Button pressed={isRegex} hint="Regular expression" label="Regular expression" onClick={() => again({ isRegex: !isRegex })}>
          .*
        </Button>
        <span class="hits" role="status">
          {wanted ? hitsWord(hits.hits.length, hitAt, hits.isDone, hits.isCut, hits.share) : ""}
        </span>
        <span class="joined">
          <Button icon="up" label="Previous hit" disabled={!hits.hits.length} onClick={() => step(-1)} />
          <Button icon="down" label="Next hit" disabled={!hits.hits.length} onClick={() => step(1)} />
        </span>
        <Button icon="warning" pressed={!!wanted && "errors" in wanted} onClick={toErrors} hint="Jump to the next line that looks like an error">
          Errors
        </Button>
        <span class="grow" />
        <span class="switches">
          <Switch label="Wrap lines" on={isWrapping} change={setWrapping} />
          <Switch label="Collapse progress bars" on={isFolding} change={setFolding} />
          <Switch
            label="Follow"
            on={isFollowing && text.isLive}
            disabled={!text.isLive}
            change={(on) => (on ? void show({ end: true }) : setFollowing(false))}
          />
        </span>
        <Download to={address("runs/{id}/log/download", { id: run, log: name })}>Download</Download>
      </div>
      {hits.error && <Failure error={hits.error} />}
      <div class={`log-and-hits ${wanted && hits.hits.length > 1 ? "has-hits" : ""}`}>
        <div class="log-frame" ref={attach} onScroll={scrolled} tabIndex={0} role="region" aria-label={`Log ${name}`}>
          <span ref={probed} class="log-probe" aria-hidden="true">
            {PROBE}
          </span>
          <div
            class="log-body"
            style={{ height: `${rows.count * LINE}px`, minWidth: columns ? undefined : `${digits + 4 + longest(shown.map((one) => text.lines[one.line]))}ch` }}
          >
            {shown.map(({ line: index, part }, at) => {
              const line = text.lines[index];
              return (
                line && (
                  <LogRow
                    key={`${line.at}.${part}`}
                    line={line}
                    rows={rows}
                    part={part}
                    isCut={columns === 0}
                    top={(view.first + at) * LINE}
                    digits={digits}
                    isFolding={isFolding}
                    isMarked={line.at === marked}
                    needle={needle}
                    link={() => link(line)}
                  />
                )
              );
            })}
          </div>
          {text.isRead && text.size === 0 && <p class="waiting">Nothing has been written yet.</p>}
        </div>
        {wanted && hits.hits.length > 1 && (
          <ol class="hit-list" aria-label="Hits" tabIndex={0}>
            {hits.hits.map((hit, at) => (
              <li key={`${hit.at}:${hit.column}`}>
                <button type="button" aria-current={at === hitAt} onClick={() => goto(hit, at)}>
                  <span class="dim">{count(hit.line)}</span> {plain(fold(hit.text)).slice(0, 160)}
                </button>
              </li>
            ))}
          </ol>
        )}
      </div>
      <div class="log-foot">
        <input
          type="range"
          aria-label="Position in the log"
          aria-valuetext={`${bytes(here)} of ${bytes(text.size)}`}
          min={0}
          max={Math.max(1, text.size)}
          value={isFollowing ? text.size : here}
          step={1}
          onChange={(event) => void show({ at: Number(event.currentTarget.value) })}
        />
        <span>
          {bytes(text.size)}
          {text.isLive ? ", still being written" : ""}
        </span>
      </div>
    </div>
  );
}

function toSearch(box: HTMLInputElement | null): void {
  box?.focus();
  box?.select();
}

function hitsWord(number: number, at: number, isDone: boolean, isCut: boolean, share: number): string {
  const place = at >= 0 && number ? `${at + 1} of ` : "";
  const words = `${place}${count(number)}${isCut ? " and more" : ""}${number === 1 ? " hit" : " hits"}`;
  return isDone ? (number ? words : "No hits") : `${words}, ${Math.round(share * 100)} %`;
}

function longest(lines: (LogLine | undefined)[]): number {
  return Math.min(
    LONGEST_SHOWN + 30,
    lines.reduce((most, line) => Math.max(most, line?.text.length ?? 0), 0),
  );
}

/** The numbers of the lines of a large log are known a little later than the lines. */
function useUncounted(text: LogText): void {
  const isUnknown = text.lines.length > 0 && text.lines[0]?.number === null;
  useEffect(() => {
    if (!isUnknown) return;
    const timer = setInterval(() => void text.number().catch(() => undefined), COUNT_MS);
    return () => clearInterval(timer);
  }, [text, isUnknown]);
}

interface RowProps {
  line: LogLine;
  rows: Rows;
  /** Which of the rows of its line. */
  part: number;
  /** Whether of a very long line only the beginning is shown. */
  isCut: boolean;
  top: number;
  digits: number;
  isFolding: boolean;
  isMarked: boolean;
  needle: string;
  link: () => void;
}

function LogRow({ line, rows, part, isCut, top, digits, isFolding, isMarked, needle, link }: RowProps) {
  const text = shownOf(line.text, isFolding);
  const most = isCut ? LONGEST_SHOWN : LONGEST_WRAPPED;
  const rest = isCut ? text.length - most : 0;
  return (
    <div class={`log-line ${isMarked ? "is-marked" : ""}`} style={{ top: `${top}px` }}>
      {part > 0 ? (
        <span class="log-number" style={{ width: `${digits + 2}ch` }} />
      ) : (
        <button
          type="button"
          class="log-number"
          tabIndex={-1}
          style={{ width: `${digits + 2}ch` }}
          aria-label={`Link to line ${line.number ?? `at byte ${line.at}`}`}
          onClick={link}
        >
          {line.number ?? "·"}
        </button>
      )}
      <span class="log-text">
        {rows.cut(piecesOf(text.slice(0, most)), part).map((piece, at) => (
          <LogPieceSpan key={at} piece={piece} needle={needle} />
        ))}
        {rest > 0 && <span class="dim"> … {count(rest)} more characters</span>}
      </span>
    </div>
  );
}

function LogPieceSpan({ piece, needle }: { piece: Piece; needle: string }) {
  const style = piece.colour ? { color: piece.colour } : undefined;
  const at = needle ? piece.text.toLowerCase().indexOf(needle.toLowerCase()) : -1;
  if (at < 0)
    return piece.look || style ? (
      <span class={piece.look} style={style}>
        {piece.text}
      </span>
    ) : (
      piece.text
    );
  const end = at + needle.length;
  return (
    <span class={piece.look} style={style}>
      {piece.text.slice(0, at)}
      <mark>{piece.text.slice(at, end)}</mark>
      <LogPieceSpan piece={{ text: piece.text.slice(end), look: "" }} needle={needle} />
    </span>
  );
}
