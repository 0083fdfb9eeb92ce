/** What stands above the sections of a run: which run it is, how it stands, and what can be done with it. */

import { useState } from "preact/hooks";
import { carried } from "../../chart/model";
import { duration } from "../../format";
import { experimentHref, go, href, later, place, runHref } from "../../route";
import { canCancel, cancel, fail, label, remove, resubmit } from "../../server/actions";
import { isReadOnly } from "../../state";
import type { RunAnswer, RunRow } from "../../types";
import { Ago, Button, Neighbour, StatusMark, TagChip, Took } from "../../ui/basics";
import { copy } from "../../ui/clipboard";
import { Editable } from "../../ui/editable";
import { ReasonDialog, SecretsDialog } from "../../ui/forms";
import { useKeys } from "../../ui/keys";
import { Menu } from "../../ui/menu";
import { conditionOf } from "./overview/params";

const MOST_TAGS = 3;

interface Props {
  run: RunRow;
  answer: RunAnswer;
  /** The section that is shown. */
  tab: string;
}

export function Head({ run, answer, tab }: Props) {
  const { previous, next } = answer.siblings;
  const silent_s = answer.details.silent_s;
  const charts = carried(place.value.query);
  return (
    <div class="run-head">
      <header class="page-head is-run">
        <p class="crumbs">
          <a href={experimentHref(run.experiment)}>{run.experiment}</a>
          <span aria-hidden="true">/</span>
        </p>
        <h1 tabIndex={-1}>
          <span class="number">#{run.number}</span> <Editable what="name" value={run.name} canEdit={!isReadOnly()} save={(name) => label([run], { name })} />
        </h1>
        <p class="facts">
          <StatusMark status={run.status} />
          <span>
            <Took run={run} />
          </span>
          {silent_s && (
            <span class="badge" title="It prints, logs and computes nothing: it may hang">
              silent {duration(silent_s)}
            </span>
          )}
          <span class="dim">
            <Ago time={run.created} />
          </span>
          <Tags run={run} />
          {run.parent && <a href={runHref(run.parent)}>parent run</a>}
        </p>
      </header>
      <div class="bar is-tools">
        <Neighbour to={previous && runHref(previous, tab, charts)} label="Previous run" icon="left" />
        <Neighbour to={next && runHref(next, tab, charts)} label="Next run" icon="right" />
        <Tools run={run} canResubmit={answer.can_resubmit} canEdit={answer.can_edit} directory={answer.details.directory} />
      </div>
    </div>
  );
}

/** The first ones; a click shows the runs that have the same. */
function Tags({ run }: { run: RunRow }) {
  const all = Object.entries(run.tags);
  const rest = all.slice(MOST_TAGS).map(([name, value]) => (value ? `${name}: ${value}` : name));
  return (
    <>
      {all.slice(0, MOST_TAGS).map(([name, value]) => (
        <a key={name} class="chip-button" href={href(["runs"], { experiment: run.experiment, where: [conditionOf(`tags.${name}`, value)] })}>
          <TagChip name={name} value={value} />
        </a>
      ))}
      {rest.length > 0 && (
        <span class="dim" title={rest.join("\n")}>
          +{rest.length}
        </span>
      )}
    </>
  );
}

interface ToolsProps {
  run: RunRow;
  canResubmit: boolean;
  canEdit: boolean;
  directory: string;
}

function Tools({ run, canResubmit, canEdit, directory }: ToolsProps) {
  const [isFailing, setFailing] = useState(false);
  const [hidden, setHidden] = useState<string[] | null>(null);
  const canWrite = !isReadOnly();
  const mayRepeat = canWrite && canResubmit;
  const refusal = canWrite && !canResubmit ? "This run was not submitted: only scripts can be run again" : undefined;
  const noEdit = refusal ?? (canEdit ? undefined : "This run has no script of its own: only scripts can be edited");
  const again = async (isByKey = false): Promise<void> => setHidden(await resubmit([run], undefined, isByKey));
  const edit = (): void => go(href(["submit"], { run: run.id }));
  const discard = async (): Promise<void> => {
    const leave = later();
    if (await remove([run])) leave(experimentHref(run.experiment));
  };
  useKeys("Run", [
    { keys: "s", does: "cancel the run", run: () => canWrite && canCancel(run) && void cancel([run], true) },
    { keys: "r", does: "resubmit the run", run: () => mayRepeat && void again(true) },
    { keys: "E", does: "edit and submit the run", run: () => mayRepeat && canEdit && edit() },
  ]);
  return (
    <div class="bar is-tools" role="toolbar" aria-label="Actions for this run">
      <Button icon="stop" disabled={!canWrite || !canCancel(run)} onClick={() => void cancel([run])}>
        Cancel
      </Button>
      <span class="joined">
        <Button icon="again" disabled={!mayRepeat} hint={refusal} onClick={() => void again()}>
          Resubmit
        </Button>
        <Button icon="edit" label="Edit and submit" disabled={!mayRepeat || !canEdit} hint={noEdit} onClick={edit} />
      </span>
      <Menu
        label="More actions"
        icon="more"
        actions={[
          { text: "Mark as failed", icon: "flag", isOff: !canWrite || run.status === "Failed", does: () => setFailing(true) },
          { text: "Delete", icon: "bin", isOff: !canWrite, does: () => void discard() },
          { text: "Copy the id", icon: "link", does: () => void copy(run.id) },
          { text: "Copy a command that shows it", icon: "link", does: () => void copy(`homerun show ${run.id}`) },
          { text: "Copy the path of its folder", icon: "folder", does: () => void copy(directory) },
        ]}
      />
      {isFailing && (
        <ReasonDialog title="Mark the run as failed" yes="Mark as failed" take={(reason) => void fail(run, reason)} close={() => setFailing(false)} />
      )}
      {hidden && <SecretsDialog run={run} hidden={hidden} close={() => setHidden(null)} />}
    </div>
  );
}
