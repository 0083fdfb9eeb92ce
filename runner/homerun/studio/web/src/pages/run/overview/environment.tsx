/** With what and where a run ran: Python and its packages, the machine, its GPUs, git. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { count, memory, plural } from "../../../format";
import { runHref } from "../../../route";
import { get } from "../../../server/api";
import type { InterpreterAnswer, RunAnswer, RunRow } from "../../../types";
import { Failure } from "../../../ui/basics";
import { useLoaded } from "../../../use";

const GIT = "azureml.git.";

export function Environment({ run, answer }: { run: RunRow; answer: RunAnswer }) {
  const loaded = useLoaded((abort) => get("runs/{id}/interpreter", { id: run.id }, abort), [run.id], [run.status]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : null;
  const { details } = answer;
  const gpus = details.gpus ?? [];
  const host = details.process?.host;
  const git = (name: string): string | undefined => run.properties[GIT + name];
  const { python, version, implementation, platform, packages } = loaded.data;
  if (!python && !host && !git("commit")) return null;
  return (
    <section>
      <h2>Environment</h2>
      <div class="cards">
        {python && (
          <Card title={`${implementation ?? "Python"} ${version ?? ""}`}>
            <code>{python}</code>
          </Card>
        )}
        {(host || platform) && (
          <Card title={host ?? "Machine"}>
            <span>{platform}</span>
          </Card>
        )}
        {gpus.length > 0 && (
          <Card title={plural(gpus.length, "GPU")}>
            {gpus.map((one) => (
              <span key={one.uuid}>
                {one.index}: {one.name}
                {one.memory !== undefined && `, ${memory(one.memory / 1024)} of it`}
              </span>
            ))}
          </Card>
        )}
        {git("commit") && (
          <Card title={`git ${git("branch") ?? ""}`}>
            <span>
              <code title={git("commit")}>{git("commit")?.slice(0, 10)}</code>
              {git("dirty") === "True" && (
                <>
                  {" with "}
                  <a href={runHref(run.id, "code", { file: "\n" })}>uncommitted changes</a>
                </>
              )}
            </span>
            <Origin repository={git("repository_uri")} commit={git("commit") ?? ""} />
          </Card>
        )}
      </div>
      {packages && <Packages packages={packages} />}
    </section>
  );
}

function Card({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="card is-fact">
      <b>{title}</b>
      {children}
    </div>
  );
}

/** A link where the commit can be looked at in a browser; another address is shown as it is. */
function Origin({ repository, commit }: { repository: string | undefined; commit: string }) {
  if (!repository) return null;
  const web = /^(?:https:\/\/|git@)([\w.-]+)[/:]([\w./~-]+?)(?:\.git)?$/.exec(repository);
  if (!web) return <span class="dim">{repository}</span>;
  return (
    <a href={`https://${web[1]}/${web[2]}/commit/${commit}`} target="_blank" rel="noopener noreferrer">
      {web[1]}/{web[2]}
    </a>
  );
}

function Packages({ packages }: { packages: NonNullable<InterpreterAnswer["packages"]> }) {
  const [text, setText] = useState("");
  const found = packages.filter((one) => one.toLowerCase().includes(text.trim().toLowerCase()));
  return (
    <details class="packages">
      <summary>{plural(packages.length, "package")}</summary>
      <input type="search" aria-label="Find a package" placeholder="Find a package" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <ul tabIndex={0} aria-label={`${count(found.length)} packages`}>
        {found.map((one) => (
          <li key={one}>
            <code>{one}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
