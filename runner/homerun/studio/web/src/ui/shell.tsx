/** What is around every page: the way to the others, and help. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { get } from "../server/api";
import { sheets, useKeys } from "./keys";
import { connection } from "../server/connection";
import { go, href, later, place, runHref } from "../route";
import { info } from "../state";
import type { RunsAnswer } from "../types";
import { Button, StatusMark } from "./basics";
import { complain, Dialog } from "./dialog";
import { isDark, theme, toggleTheme } from "./theme";

const PAGES = [
  { path: "experiments", title: "Experiments", key: "g e" },
  { path: "runs", title: "Runs", key: "g r" },
  { path: "models", title: "Models", key: "g m" },
  { path: "targets", title: "Targets", key: "g t" },
  { path: "submit", title: "Submit", key: "g s" },
];

export function Header() {
  const [isHelp, setHelp] = useState(false);
  const jump = useRef<HTMLInputElement>(null);
  void theme.value;
  const here = place.value.path[0] ?? "experiments";
  useKeys("Anywhere", [
    { keys: "?", does: "show the keys", run: () => setHelp(true) },
    { keys: "#", does: "open a run by its number or id", run: () => jump.current?.focus() },
    ...PAGES.map((page) => ({ keys: page.key, does: `go to ${page.title.toLowerCase()}`, run: () => go(href([page.path])) })),
    { keys: "d", does: "switch between dark and light", run: toggleTheme },
  ]);
  return (
    <header class="top">
      <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
      <a class="brand" href="#/experiments" title={info.value?.store}>
        <img src="./icon.svg" alt="" width="20" height="20" />
        <span>{info.value?.workspace ?? "homerun"}</span>
      </a>
      <nav aria-label="Pages">
        {PAGES.map((page) => (
          <a key={page.path} href={href([page.path])} aria-current={here === page.path ? "page" : undefined}>
            {page.title}
          </a>
        ))}
      </nav>
      <span class="grow" />
      {info.value?.read_only && <span class="badge is-note">read-only</span>}
      <span class={`connection is-${connection.value}`} role="status">
        {connection.value === "lost" ? "Connection lost. Reconnecting …" : ""}
      </span>
      <Jump input={jump} />
      <Button icon={isDark() ? "sun" : "moon"} kind="bare" label={isDark() ? "Light colours" : "Dark colours"} onClick={toggleTheme} />
      <Button icon="help" kind="bare" label="Keys and help" onClick={() => setHelp(true)} />
      {isHelp && <Help close={() => setHelp(false)} />}
    </header>
  );
}

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("main h1")?.focus();
}

/** Open a run by its number in the experiment that is shown, else in any; or by its id. */
function Jump({ input }: { input: { current: HTMLInputElement | null } }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState<RunsAnswer | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const word = text.trim().replace(/^#/, "");
    if (!word) return;
    const open = later();
    try {
      const answer = await look(word);
      const [only] = answer.runs;
      if (answer.runs.length === 1 && only) {
        setText("");
        input.current?.blur();
        open(runHref(only.id));
      } else setFound(answer);
    } catch (error) {
      complain(error);
    }
  };
  return (
    <form class="jump" role="search" aria-label="Open a run" onSubmit={(event) => void submit(event)}>
      <input
        ref={input}
        value={text}
        placeholder="# run"
        aria-label="Open a run by number or id"
        title="Open a run by number or id"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {found && (
        <Dialog title={found.runs.length ? `Which run ${text}?` : `There is no run ${text}`} close={() => setFound(null)}>
          {found.runs.length === 0 && <p>Enter the number of a run, or the first characters of its id.</p>}
          <ul class="plain-list">
            {found.runs.map((run) => (
              <li key={run.id}>
                <a href={runHref(run.id)} onClick={() => setFound(null)}>
                  {run.experiment} #{run.number}
                </a>
                <StatusMark status={run.status} />
              </li>
            ))}
          </ul>
        </Dialog>
      )}
    </form>
  );
}

async function look(word: string): Promise<RunsAnswer> {
  const experiment = place.value.query.get("experiment") ?? experimentShown.current;
  const base = { children: true, limit: 50 };
  if (!/^\d+$/.test(word)) {
    const [exact, like] = await Promise.all([
      get("runs", { ...base, where: [`id = ${word}`] }),
      get("runs", { ...base, where: [`id ~ ${word}`] }),
    ]);
    return exact.total ? exact : like;
  }
  if (experiment) {
    const near = await get("runs", { ...base, experiment, where: [`number = ${word}`] });
    if (near.total) return near;
  }
  return get("runs", { ...base, where: [`number = ${word}`] });
}

/** The experiment of the run that is shown. */
export const experimentShown: { current: string | null } = { current: null };

function Help({ close }: { close: () => void }) {
  const titles = [...new Set(sheets.value.map((sheet) => sheet.title))];
  return (
    <Dialog title="Keys" close={close} wide>
      <div class="sheets">
        {titles.map((title) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {sheets.value
                .filter((sheet) => sheet.title === title)
                .flatMap((sheet) => sheet.keys)
                .filter((key) => !key.focus)
                .map((key) => (
                  <div key={key.keys}>
                    <dt>
                      {key.keys.split(" ").map((one) => (
                        <kbd key={one}>{one}</kbd>
                      ))}
                    </dt>
                    <dd>{key.does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="dim">
        homerun {info.value?.version} · store {info.value?.store} · everything here can also be done with the command <code>homerun</code>.
      </p>
    </Dialog>
  );
}

/** After going to another page the focus is on its heading, as after loading one. */
export function useFocusOnPage(page: string): void {
  const isFirst = useRef(true);
  // Together with the page itself: later, the focus could already be in a field of it.
  useLayoutEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [page]);
}
