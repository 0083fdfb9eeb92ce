/** Why a run failed: its exception, the traceback of that alone, and which other runs ended with the same. */

import "./trouble.css";
import type { ComponentChildren } from "preact";
import { plural } from "../../../format";
import { linesOf } from "../../../log/text";
import { go, href, runHref } from "../../../route";
import { get } from "../../../server/api";
import { isReadOnly } from "../../../state";
import type { DetailsOfRun, RunAnswer, RunRow } from "../../../types";
import { Ago, Button } from "../../../ui/basics";
import { Icon } from "../../../ui/icon";
import { useLoaded } from "../../../use";
import { conditionOf } from "./params";
import { type Frame, lastTraceback, type Raised } from "./traceback";

const END_BYTES = 128 * 1024;

export function Trouble({ run, answer }: { run: RunRow; answer: RunAnswer }) {
  const { details } = answer;
  return (
    <>
      {details.error && <Failed run={run} answer={answer} />}
      <Warnings details={details} />
    </>
  );
}

function Failed({ run, answer }: { run: RunRow; answer: RunAnswer }) {
  const { details } = answer;
  const message = details.error?.error.message ?? "";
  const [cause = "", ...rest] = message.split("\n");
  const headline = details.failure ?? cause;
  const found = useLoaded((abort) => readTraceback(run.id, abort), [run.id], [run.status]);
  const log = found.data?.log;
  const chain = found.data?.chain ?? [];
  const isSaid = chain.at(-1)?.said[0]?.startsWith(headline) ?? false;
  return (
    <section class="failed" aria-label="Why it failed">
      <header>
        <Icon name="failed" />
        <h2>{headline}</h2>
      </header>
      <p class="facts">
        {cause !== headline && <span>{cause}</span>}
        {log && <a href={runHref(run.id, "logs", { log, at: isSaid ? chain.at(-1)?.at : undefined })}>{isSaid ? "Show it in the log" : "Log"}</a>}
        <Same run={run} failure={details.failure} />
        {answer.can_edit && !isReadOnly() && (
          <Button icon="edit" onClick={() => go(href(["submit"], { run: run.id }))}>
            Edit and submit
          </Button>
        )}
      </p>
      {log && isSaid ? (
        <div class="traceback scrolled" tabIndex={0} role="region" aria-label="Traceback">
          {chain.map((one, at) => (
            <Exception key={at} run={run} log={log} raised={one} isLast={one === chain.at(-1)} />
          ))}
        </div>
      ) : (
        (found.data || found.error) &&
        rest.length > 0 && (
          <pre class="scrolled" tabIndex={0}>
            {rest.join("\n")}
          </pre>
        )
      )}
      {!found.data && !found.error && <div aria-busy="true" />}
    </section>
  );
}

async function readTraceback(id: string, abort: AbortSignal): Promise<{ log: string | null; chain: Raised[] }> {
  const { logs } = await get("runs/{id}/logs", { id }, abort);
  const log = logs[0]?.name;
  if (!log) return { log: null, chain: [] };
  const piece = await get("runs/{id}/log", { id, log, end: true, bytes: END_BYTES }, abort);
  return { log, chain: lastTraceback(linesOf(piece), id) };
}

/** The runs that ended with the same exception. */
function Same({ run, failure }: { run: RunRow; failure: string | undefined }) {
  const where = failure ? [conditionOf("error", failure)] : [];
  const loaded = useLoaded(async (abort) => (failure ? (await get("runs", { where, children: true, limit: 1 }, abort)).total - 1 : 0), [run.id, failure]);
  const others = loaded.data ?? 0;
  if (others < 1) return null;
  return <a href={href(["runs"], { where, children: 1 })}>The same error in {plural(others, "other run")}</a>;
}

function Exception({ run, log, raised, isLast }: { run: RunRow; log: string; raised: Raised; isLast: boolean }) {
  return (
    <>
      {raised.link && <p class="dim">{raised.link}</p>}
      <ol>
        {raised.frames.map((one, at) => (
          <FrameLine key={at} run={run} log={log} frame={one} />
        ))}
      </ol>
      <p class={isLast ? "is-said" : "is-said dim"}>
        <a href={runHref(run.id, "logs", { log, at: raised.at })}>{raised.said.join("\n")}</a>
      </p>
    </>
  );
}

function FrameLine({ run, log, frame }: { run: RunRow; log: string; frame: Frame }) {
  const { path, file, line, name, code, isOwn } = frame;
  const place = `${path ?? short(file)}:${line}`;
  return (
    <li class={isOwn ? "is-own" : ""}>
      <p>
        <a href={path === null ? runHref(run.id, "logs", { log, at: frame.at }) : runHref(run.id, "code", { file: path, line })} title={file}>
          {place}
        </a>
        {name && <span class="dim"> in {name}</span>}
      </p>
      {isOwn && code.length > 0 && <pre>{dedented(code).join("\n")}</pre>}
    </li>
  );
}

/** The end of a path of a package: which one it is and where in it. */
const short = (file: string): string =>
  file.replace(/^.*[/\\](site-packages|dist-packages)[/\\]/, "").replace(/^.*[/\\](lib(64)?[/\\]python\d[^/\\]*[/\\])/, "");

function dedented(code: readonly string[]): string[] {
  const least = Math.min(...code.filter((one) => one.trim()).map((one) => one.length - one.trimStart().length));
  return code.map((one) => one.slice(Number.isFinite(least) ? least : 0));
}

function Warnings({ details }: { details: DetailsOfRun }) {
  const { warnings = [], changed_originals: changed = [], rules = [] } = details;
  return (
    <>
      {warnings.map((one, at) => (
        <Mild key={at}>{one}</Mild>
      ))}
      {rules.map((one, at) => (
        <Mild key={at} icon="flag">
          Rule <code>{one.condition}</code>: {one.seen} <Ago time={one.time_utc} /> ({one.action})
        </Mild>
      ))}
      {changed.length > 0 && <Mild>Changed while the run went on, outside of it: the originals of {changed.join(", ")}</Mild>}
    </>
  );
}

function Mild({ icon = "warning", children }: { icon?: "warning" | "flag"; children: ComponentChildren }) {
  return (
    <div class="failure is-mild">
      <Icon name={icon} />
      <p>{children}</p>
    </div>
  );
}
