/** The start page: what needs its user, what runs, what has finished, the machine, and the experiments. */

import { useEffect } from "preact/hooks";
import { count, soFar } from "../../format";
import { get } from "../../server/api";
import { useLive } from "../../server/live";
import { info, setTitle } from "../../state";
import type { ExperimentGoal, HomeAnswer } from "../../types";
import { Failure, Waiting } from "../../ui/basics";
import { useLoaded, useThrottled } from "../../use";
import { Experiments } from "../experiments";
import { FinishedBand } from "./finished";
import { FirstSteps } from "./first-steps";
import { MachineBand } from "./machine";
import { NeedsBand } from "./needs";
import { RunningBand } from "./running";
import { seen } from "./seen";
import "./home.css";

const READ_MS = 1500;
/** What the machine is busy with is told by no event. */
const LOOK_MS = 5000;

export function HomePage() {
  const { since } = seen.value;
  const loaded = useLoaded((abort) => get("home", { since }, abort), [], [since]);
  const soon = useThrottled(loaded.reload, READ_MS);
  useEffect(() => setTitle("Home"), []);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || loaded.reload(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  useLive({ topics: ["runs", "queue"] }, () => soon());
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="what is new" />;
  const home = loaded.data;
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Home</h1>
        <span class="dim" role="status">
          {summary(home)}
          {soFar(home.unread)}
        </span>
      </header>
      {info.value?.runs || home.experiments.length ? <Bands home={home} reload={loaded.reload} /> : <FirstSteps />}
    </div>
  );
}

function Bands({ home, reload }: { home: HomeAnswer; reload: () => void }) {
  const goals = new Map(home.experiments.map((one): [string, ExperimentGoal] => [one.name, one]));
  return (
    <>
      <div class="bands">
        <NeedsBand home={home} reload={reload} />
        <RunningBand running={home.running} machine={home.machine} reload={reload} />
        <MachineBand machine={home.machine} />
        <FinishedBand finished={home.finished} />
      </div>
      <div>
        <h2>Experiments</h2>
        <Experiments goals={goals} />
      </div>
    </>
  );
}

function summary(home: HomeAnswer): string {
  const waiting = home.machine.targets.reduce((sum, one) => sum + one.waiting, 0);
  const parts = [home.running.total ? `${count(home.running.total)} running` : "Nothing is running", waiting ? `${count(waiting)} waiting` : ""];
  return parts.filter(Boolean).join(", ");
}
