/** Which page is shown. */

import type { ComponentType } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { ExperimentsPage } from "./pages/experiments";
import { HomePage } from "./pages/home";
import { ModelPage } from "./pages/model";
import { ModelsPage } from "./pages/models";
import { RunPage } from "./pages/run";
import { RunsPage } from "./pages/runs";
import { TargetsPage } from "./pages/targets";
import { TrashPage } from "./pages/trash";
import { place } from "./route";
import { post, signedOut } from "./server/api";
import { info, infoError, readInfo } from "./state";
import { Button, Empty, Failure, Field, Waiting } from "./ui/basics";
import { Boundary } from "./ui/boundary";
import { complain, Messages, Questions, takeBack } from "./ui/dialog";
import { Header, useFocusOnPage } from "./ui/shell/shell";
import { useLoaded } from "./use";

export function App() {
  useEffect(() => void readInfo(), []);
  if (signedOut.value) return <SignIn />;
  return (
    <>
      <Header />
      <main id="main">
        {info.value ? (
          <Boundary key={place.value.path.slice(0, 2).join("/")} what="This page">
            <Page />
          </Boundary>
        ) : infoError.value ? (
          <Failure error={infoError.value} retry={() => void readInfo()} />
        ) : (
          <Waiting what="the store" />
        )}
      </main>
      <Messages />
      <Questions />
    </>
  );
}

/** What a page is about: of another one nothing stays. */
function subject(name: string): string {
  const { path, query } = place.value;
  if (name === "runs") return query.get("experiment") ?? "";
  return name === "submit" ? (query.get("run") ?? "") : (path[1] ?? "");
}

function Page() {
  const [name = "home", id = ""] = place.value.path;
  const key = subject(name);
  useFocusOnPage(`${name}/${key}`);
  useLayoutEffect(() => takeBack, [`${name}/${key}`]);
  switch (name) {
    case "home":
      return <HomePage />;
    case "experiments":
      return <ExperimentsPage />;
    case "runs":
      return <RunsPage key={key} />;
    case "run":
      return <RunPage key={key} id={id} />;
    case "models":
      return <ModelsPage />;
    case "model":
      return <ModelPage key={key} name={id} />;
    case "compare":
      return <Lazy load={loadCompare} what="the comparison" />;
    case "submit":
      return <Lazy key={key} load={loadSubmit} what="the form" />;
    case "targets":
      return <TargetsPage />;
    case "trash":
      return <TrashPage />;
    default:
      return (
        <Empty title="There is no such page">
          <p>
            Go to the <a href="#/home">start page</a>.
          </p>
        </Empty>
      );
  }
}

const loadCompare = (): Promise<{ default: ComponentType }> => import("./pages/compare");
const loadSubmit = (): Promise<{ default: ComponentType }> => import("./pages/submit");

/** A page that is loaded when it is first shown. */
function Lazy({ load, what }: { load: () => Promise<{ default: ComponentType }>; what: string }) {
  const loaded = useLoaded(load, [load]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what={what} />;
  const Part = loaded.data.default;
  return <Part />;
}

function SignIn() {
  const [token, setToken] = useState("");
  const enter = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await post("login", { token });
      signedOut.value = false;
      await readInfo();
    } catch (error) {
      complain(error);
    }
  };
  return (
    <main class="sign-in">
      <h1>homerun Studio</h1>
      <p>
        Open the address that <code>homerun studio</code> prints in its terminal. Each address works once. When this page is opened, a new one is printed there.
      </p>
      <form onSubmit={(event) => void enter(event)}>
        <Field label="Or sign in with the token that Studio was started with">
          <input type="password" autocomplete="current-password" value={token} onInput={(event) => setToken(event.currentTarget.value)} required />
        </Field>
        <Button kind="main" type="submit">
          Sign in
        </Button>
      </form>
      <Messages />
    </main>
  );
}
