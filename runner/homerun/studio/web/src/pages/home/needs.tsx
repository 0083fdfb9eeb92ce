/** What needs its user: failures that are alike, metrics that are no numbers, long waits, silence. */

import type { ComponentChildren } from "preact";
import { count, duration, now, plural } from "../../format";
import { href, runHref } from "../../route";
import { canCancel, cancel, resubmit } from "../../server/actions";
import { isReadOnly } from "../../state";
import type { FailureGroup, HomeAnswer, RunRow } from "../../types";
import { Ago, Button } from "../../ui/basics";
import { Icon, type IconName } from "../../ui/icon";
import { Band, RunName } from "./band";
import { markSeen, seen } from "./seen";

const MOST = 7;

interface Item {
  key: string;
  icon: IconName;
  what: ComponentChildren;
  runs: RunRow[];
  more: number;
  when: string | null;
  actions: ComponentChildren;
}

export function NeedsBand({ home, reload }: { home: HomeAnswer; reload: () => void }) {
  const { nans: known } = seen.value;
  const nans = home.nans.runs.filter((one) => !known.includes(one.run.id));
  const items = [
    ...home.failed.groups.map((group) => failed(group, reload)),
    ...nans.map(({ run, metrics }) => single("nan", run, "warning", `${metrics.join(", ")} ${metrics.length > 1 ? "are" : "is"} NaN`, run.started, reload)),
    ...home.waiting.runs.flatMap((one) => (one.run ? [waits(one.run, one.since_utc, one.reason)] : [])),
    ...home.silent.runs.map((one) => single("silent", one.run, "warning", `No output, metrics or work for ${duration(one.silent_s)}`, null, reload)),
  ];
  const total = home.failed.kinds + nans.length + home.waiting.total + home.silent.total;
  const failures = home.failed.groups.flatMap((group) => group.ids.map((id) => ({ id })));
  const isNew = home.failed.total + nans.length > 0;
  return (
    <Band
      title="Needs you"
      total={total}
      shown={Math.min(items.length, MOST)}
      all={home.failed.total ? href(["runs"], { where: "status = Failed", group: "error", children: 1 }) : undefined}
      actions={
        <>
          {failures.length > 1 && (
            <Button icon="again" disabled={isReadOnly()} onClick={() => void resubmit(failures)}>
              Resubmit all {count(failures.length)}
            </Button>
          )}
          {isNew && (
            <Button icon="check" onClick={() => markSeen(home)}>
              Seen
            </Button>
          )}
        </>
      }
    >
      {items.length === 0 && <p class="dim">Nothing. No run failed since you last looked, and none waits for long.</p>}
      <ul class="rows">
        {items.slice(0, MOST).map((item) => (
          <li key={item.key}>
            <Icon name={item.icon} />
            <div class="row-text">
              <div class="row-head">{item.what}</div>
              <div class="dim">
                {item.runs.map((run) => (
                  <RunName key={run.id} run={run} />
                ))}
                {item.more > 0 && <span>and {count(item.more)} more</span>}
                <Ago time={item.when} />
              </div>
            </div>
            <div class="row-actions">{item.actions}</div>
          </li>
        ))}
      </ul>
    </Band>
  );
}

function failed(group: FailureGroup, reload: () => void): Item {
  const [newest] = group.runs;
  const again = (): void => void resubmit(group.ids.map((id) => ({ id }))).then(reload);
  return {
    key: `failed ${group.ids[0]}`,
    icon: "failed",
    what: (
      <>
        <code class="reason" title={group.error}>
          {group.error}
        </code>
        {group.count > 1 && <b>{plural(group.count, "run")}</b>}
      </>
    ),
    runs: group.runs,
    more: group.count - group.runs.length,
    when: newest?.ended ?? null,
    actions: (
      <>
        {newest && (
          <a class="button is-plain" href={runHref(newest.id, "logs")}>
            Log
          </a>
        )}
        <Button disabled={isReadOnly()} onClick={again}>
          {group.count > 1 ? `Resubmit ${count(group.ids.length)}` : "Resubmit"}
        </Button>
      </>
    ),
  };
}

function single(kind: string, run: RunRow, icon: IconName, what: string, when: string | null, reload: () => void): Item {
  return {
    ...{ key: `${kind} ${run.id}`, icon, what, runs: [run], more: 0, when },
    actions: (
      <>
        <a class="button is-plain" href={runHref(run.id, "logs")}>
          Log
        </a>
        {canCancel(run) && (
          <Button disabled={isReadOnly()} onClick={() => void cancel([run]).then(reload)}>
            Cancel
          </Button>
        )}
      </>
    ),
  };
}

function waits(run: RunRow, since: string, reason: string): Item {
  const seconds = (now.value - Date.parse(since)) / 1000;
  return {
    ...{ key: `waits ${run.id}`, icon: "clock", runs: [run], more: 0, when: null },
    what: `Waiting for ${duration(Math.round(seconds / 60) * 60)}: ${reason}`,
    actions: (
      <a class="button is-plain" href={href(["targets"])}>
        Queue
      </a>
    ),
  };
}
