/** What is around every page: the way to the others, and help. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { go, href, place } from "../../route";
import { connection } from "../../server/connection";
import { info } from "../../state";
import { Button, PlaceLink } from "../basics";
import { Dialog } from "../dialog";
import { Icon } from "../icon";
import { sheets, useKeys } from "../keys";
import { isDark, theme, toggleTheme } from "../theme";
import { Palette, usePaletteKey } from "./palette";
import "./shell.css";

const PAGES = [
  { path: "home", title: "Home", key: "g h" },
  { path: "experiments", title: "Experiments", key: "g e" },
  { path: "runs", title: "Runs", key: "g r" },
  { path: "models", title: "Models", key: "g m" },
  { path: "targets", title: "Targets", key: "g t" },
  { path: "submit", title: "Submit", key: "g s" },
  { path: "trash", title: "Trash", key: "g b" },
];

export function Header() {
  const [isHelp, setHelp] = useState(false);
  const [isFinding, setFinding] = useState(false);
  void theme.value;
  const here = place.value.path[0] ?? "home";
  useKeys("Anywhere", [
    { keys: "?", does: "show the keys", run: () => setHelp(true) },
    { keys: "#", does: "find a run, an experiment, a page or an action (also Ctrl-K)", run: () => setFinding(true) },
    ...PAGES.map((page) => ({ keys: page.key, does: `go to ${page.title.toLowerCase()}`, run: () => go(href([page.path])) })),
    { keys: "d", does: "switch between dark and light", run: toggleTheme },
  ]);
  usePaletteKey(() => setFinding(true));
  return (
    <header class="top">
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <a class="brand" href="#/home" title={info.value?.store}>
        <img src="./icon.svg" alt="" width="20" height="20" />
        <span>{info.value?.workspace ?? "homerun"}</span>
      </a>
      <nav aria-label="Pages">
        {PAGES.map((page) => (
          <PlaceLink key={page.path} to={href([page.path])} isHere={here === page.path}>
            {page.title}
          </PlaceLink>
        ))}
      </nav>
      <span class="grow" />
      {info.value?.read_only && <span class="badge is-note">read-only</span>}
      <span class={`connection is-${connection.value}`} role="status">
        {connection.value === "lost" ? "Connection lost. Reconnecting …" : ""}
      </span>
      <button type="button" class="button is-plain find" aria-keyshortcuts="Control+K" onClick={() => setFinding(true)}>
        <Icon name="search" />
        <span>Find</span>
        <kbd>Ctrl K</kbd>
      </button>
      <Button icon={isDark() ? "sun" : "moon"} kind="bare" label={isDark() ? "Light colours" : "Dark colours"} onClick={toggleTheme} />
      <Button icon="help" kind="bare" label="Keys and help" onClick={() => setHelp(true)} />
      {isFinding && <Palette pages={PAGES} close={() => setFinding(false)} />}
      {isHelp && <Help close={() => setHelp(false)} />}
    </header>
  );
}

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("main h1")?.focus();
}

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
