/** The runs of an experiment, or of all. */

import { useEffect } from "preact/hooks";
import { place, turn } from "../../route";
import { setTitle } from "../../state";
import { ViewTabs } from "../../table/views/view-tabs";
import { Switch } from "../../ui/basics";
import { Runs } from "./runs";

export function RunsPage() {
  const { query } = place.value;
  const experiment = query.get("experiment");
  const withChildren = query.get("children") === "1";
  useEffect(() => setTitle(experiment ?? "Runs"), [experiment]);
  const toggle = (): void => turn({ children: withChildren ? null : 1 });
  return (
    <div class="page is-full">
      <Runs
        scope={{ experiment, parent: null, withChildren, memory: experiment ?? "" }}
        head={({ total, remembered }) => (
          <>
            <header class="page-head">
              <h1 tabIndex={-1}>{experiment ?? "All runs"}</h1>
              {total}
            </header>
            <ViewTabs experiment={experiment} remembered={remembered} />
          </>
        )}
        more={<Switch label="Hide child runs" on={!withChildren} change={toggle} />}
        keys={[{ keys: "p", does: "show or hide child runs", run: toggle }]}
      />
    </div>
  );
}
