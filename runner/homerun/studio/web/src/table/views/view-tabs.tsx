/** The saved views above the table: each a tab; one that is not as it was saved has a dot. */

import { useEffect, useState } from "preact/hooks";
import { adjust, go, href, place, type Query, turn } from "../../route";
import { useLive } from "../../server/live";
import { isReadOnly } from "../../state";
import type { ViewRow } from "../../types";
import { Button } from "../../ui/basics";
import { copy } from "../../ui/clipboard";
import { complain, confirm, Dialog, say } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { type Item, Menu } from "../menu";
import { ALL, isSame, kept, type Lists, named, queryOf, readViews, remove, save, views, written } from "./views";
import "./views.css";

interface Props {
  experiment: string | null;
  /** What this browser remembers of the table and the address does not say. */
  remembered: Lists;
}

const show = (view: ViewRow): void => go(href(["runs"], queryOf(view)));

/** Without the mark that it is the experiment's default: a copy is none. */
const asking = (title: string, name: string, ready: (name: string) => Promise<void>): Asked => ({ title, name, ready });

interface Asked {
  title: string;
  name: string;
  ready: (name: string) => Promise<void>;
}

export function ViewTabs({ experiment, remembered }: Props) {
  const { query } = place.value;
  const [asked, ask] = useState<Asked | null>(null);
  useEffect(() => void readViews().catch(complain), []);
  useLive({ topics: ["views"] }, ({ event, data }) => {
    if (event === "views") views.value = data.views;
    else if (event === "reset") void readViews().catch(complain);
  });
  const known = (views.value ?? []).filter((one) => one.page === "runs" && one.experiment === (experiment ?? ""));
  const here = named(query);
  const open = known.find((one) => one.id === here?.id) ?? null;
  const shown = kept(query);
  const isChanged = !!open && !isSame(shown, open.query);
  const isBehind = !!open && !!here && open.revision > here.revision;
  useDefault(known, query, experiment);
  // What another has saved is shown at once where nothing of one's own is lost by it.
  useFollowing(open, shown, here?.revision ?? 0);

  const whole = (): Lists => ({ ...remembered, ...shown });
  const saveAs = (name = ""): void =>
    ask(
      asking("Save as a new view", name, async (to) => {
        const query = whole();
        turn({ ...query, view: written(await save({ name: to, query, is_default: false })) });
        say(`Saved the view ${to}.`);
      }),
    );
  /** What is shown and selected stays, also what is not saved. */
  const keep = async (view: ViewRow, change: Partial<ViewRow>, words: string): Promise<void> => {
    const { name, query, is_default, id } = view;
    const made = await save({ name, query, is_default, id, revision: here?.revision ?? view.revision, ...change });
    adjust({ ...change.query, view: written(made) });
    say(words);
  };
  const act = (work: Promise<void>): void => void work.catch(complain);

  const items = (view: ViewRow): Item[] => [
    {
      title: "Rename …",
      icon: "edit",
      disabled: isReadOnly(),
      run: () => ask(asking("Rename the view", view.name, (name) => keep(view, { name }, "Renamed."))),
    },
    { title: "Copy …", icon: "plus", disabled: isReadOnly(), run: () => saveAs(`${view.name} (copy)`) },
    {
      title: experiment ? "Default of this experiment" : "Default of all runs",
      checked: view.is_default,
      disabled: isReadOnly(),
      run: () =>
        act(keep(view, { is_default: !view.is_default }, view.is_default ? "It is no longer the default." : `${experiment ?? "All runs"} begins with it now.`)),
    },
    { title: "Copy the link", icon: "link", run: () => void copyLink() },
    { title: "Delete …", icon: "bin", disabled: isReadOnly(), run: () => act(drop(view, experiment)) },
  ];

  return (
    <div class="view-tabs">
      <nav class="tabs" aria-label="Views">
        <a href={href(["runs"], { experiment, view: ALL })} aria-current={here ? undefined : "page"}>
          All
        </a>
        {known.map((view) => (
          <a key={view.id} href={href(["runs"], queryOf(view))} aria-current={view === open ? "page" : undefined}>
            {view.is_default && <Icon name="flag" />}
            <span>{view.name}</span>
            {view === open && isChanged && <span class="changed-dot" role="img" aria-label="changed" title="Changed since it was saved" />}
          </a>
        ))}
      </nav>
      {open && (
        <Menu label={`What can be done with ${open.name}`} class="button is-bare is-square" items={() => items(open)}>
          <Icon name="more" />
        </Menu>
      )}
      {open && isChanged && !isBehind && (
        <Button kind="main" disabled={isReadOnly()} onClick={() => act(keep(open, { query: whole() }, `Saved ${open.name}.`))}>
          Save
        </Button>
      )}
      <Button icon="plus" disabled={isReadOnly()} onClick={() => saveAs()}>
        {open && isChanged ? "Save as …" : "Save view"}
      </Button>
      {open && isBehind && isChanged && (
        <p class="view-conflict" role="alert">
          <Icon name="warning" /> {open.user} has changed this view meanwhile. What you see is yours, and not saved.
          <Button onClick={() => show(open)}>Show the saved one</Button>
          <Button disabled={isReadOnly()} onClick={() => act(keep(open, { query: whole(), revision: open.revision }, `Saved ${open.name}.`))}>
            Save mine over it
          </Button>
        </p>
      )}
      {here && views.value && !open && (
        <p class="view-conflict" role="status">
          <Icon name="warning" /> This view was deleted; what it showed is still here.
        </p>
      )}
      {asked && <NameDialog {...asked} close={() => ask(null)} />}
    </div>
  );
}

const copyLink = (): Promise<void> => copy(location.href, "take the link from its address bar.");

async function drop(view: ViewRow, experiment: string | null): Promise<void> {
  if (!(await confirm("Delete the view", `All who use this store lose the view ${view.name}. The runs stay.`, "Delete the view"))) return;
  await remove(view);
  go(href(["runs"], { experiment, view: ALL }));
  say(`Deleted the view ${view.name}.`, false, () => void save({ name: view.name, query: view.query, is_default: view.is_default }).then(show, complain));
}

const nothing = (lists: Lists): Query => Object.fromEntries(Object.keys(lists).map((key) => [key, null]));

/** The page of an experiment begins with its default view. */
function useDefault(known: ViewRow[], query: URLSearchParams, experiment: string | null): void {
  const found = known.find((one) => one.is_default);
  const isBare = [...query.keys()].every((key) => key === "experiment");
  useEffect(() => {
    if (found && isBare) go(href(["runs"], queryOf(found)), true);
  }, [found?.id, isBare, experiment]);
}

function useFollowing(open: ViewRow | null, shown: Lists, revision: number): void {
  const [last, setLast] = useState<ViewRow | null>(null);
  useEffect(() => {
    if (!open || open.revision === last?.revision) return;
    const isUntouched = last?.id === open.id && last.revision === revision && isSame(shown, last.query);
    if (isUntouched && open.revision > revision) {
      adjust({ ...nothing(shown), ...queryOf(open) });
      say(`${open.user} has changed the view ${open.name}.`);
    }
    setLast(open);
  }, [open, revision]);
}

function NameDialog({ title, name, ready, close }: Asked & { close: () => void }) {
  const [text, setText] = useState(name);
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await ready(text.trim());
      close();
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  return (
    <Dialog title={title} close={close}>
      <form class="form" onSubmit={(event) => void submit(event)}>
        <label class="field">
          <span class="field-label">Name</span>
          <input value={text} maxLength={100} required autofocus onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        {error && (
          <p class="filter-error" role="alert">
            {error}
          </p>
        )}
        <div class="dialog-foot">
          <Button onClick={close}>Cancel</Button>
          <Button kind="main" type="submit" disabled={!text.trim()}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
