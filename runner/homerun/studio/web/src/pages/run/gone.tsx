/** A run that is not there: perhaps it lies in the trash. */

import { href } from "../../route";
import { restore } from "../../server/actions";
import { get } from "../../server/api";
import { isReadOnly } from "../../state";
import { Ago, Button, Empty, Failure, Waiting } from "../../ui/basics";
import { useLoaded } from "../../use";

export function Gone({ id, error, retry }: { id: string; error: Error; retry: () => void }) {
  const trash = useLoaded((abort) => get("trash", {}, abort), [id]);
  if (!trash.data && !trash.error) return <Waiting what="the trash" />;
  const run = trash.data?.runs.find((one) => one.run_id === id);
  if (!run) return <Failure error={error} retry={retry} />;
  const back = async (): Promise<void> => {
    if (await restore([id])) retry();
  };
  return (
    <div class="page">
      <Empty title={`${run.experiment_name} #${run.run_number} is in the trash`}>
        <p>
          {run.deleted_by ?? "An unknown user"} deleted it <Ago time={run.deleted_utc} />. Its logs, metrics and files come back with it.
        </p>
        <p class="facts">
          <Button kind="main" icon="back" disabled={isReadOnly()} onClick={() => void back()}>
            Restore
          </Button>
          <a href={href(["trash"])}>All of the trash</a>
        </p>
      </Empty>
    </div>
  );
}
