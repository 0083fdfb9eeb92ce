/** What a run used of its machine, sampled while it went on. */

import { useEffect, useState } from "preact/hooks";
import { Charts } from "../../chart/charts";
import { bytes, duration, figure, isLive } from "../../format";
import { get } from "../../server/api";
import { Empty, Failure, Waiting } from "../../ui/basics";
import { useLoaded } from "../../use";
import { isCurve } from "./metrics";
import type { TabProps } from "./tab";

const READ_MS = 5000;
const BYTES = /memory|bytes|shared_once/;

const percent = (value: unknown): string => (typeof value === "number" ? `${Math.round(value)} %` : figure(value));
const time = (value: unknown): string => (typeof value === "number" ? duration(value) : figure(value));
const size = (value: unknown): string => (typeof value === "number" ? bytes(value) : figure(value));

const isSize = (name: string): boolean => BYTES.test(name);

const UNITS: Record<string, string> = { watts: "W", celsius: "°C", joules: "J" };

/** How busy it is comes first, what only grows last. */
const rank = (name: string): number => (name.endsWith("percent") ? 0 : /_(s|bytes|joules)$/.test(name) ? 2 : 1);

function sayOf(name: string): (value: unknown) => string {
  if (BYTES.test(name)) return size;
  const unit = UNITS[name.split("_").pop() ?? ""];
  if (unit) return (value) => (typeof value === "number" ? `${figure(value)} ${unit}` : figure(value));
  if (name.endsWith("_s")) return time;
  return name.endsWith("percent") ? percent : figure;
}

export function System({ run }: TabProps) {
  const loaded = useLoaded((abort) => get("runs/{id}/metrics", { id: run.id, system: true }, abort), [run.id]);
  const [round, setRound] = useState(0);
  const goesOn = isLive(run.status);
  useEffect(() => {
    if (!goesOn) return;
    const timer = setInterval(() => {
      loaded.reload();
      setRound((value) => value + 1);
    }, READ_MS);
    return () => clearInterval(timer);
  }, [run.id, goesOn]);
  if (!loaded.data) return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="the samples" />;
  const metrics = loaded.data.metrics.filter(isCurve).sort((one, other) => rank(one.name) - rank(other.name));
  if (!metrics.length) {
    return (
      <Empty title="No samples yet">
        <p>
          What a run uses of its machine is sampled every five seconds. A run that ends sooner has no samples; its processor time and peak memory stand in the
          overview.
        </p>
      </Empty>
    );
  }
  return (
    <Charts
      runs={[{ id: run.id, label: `#${run.number}` }]}
      names={metrics.map((one) => one.name)}
      round={round}
      axis="relative"
      isSystem
      sayOf={sayOf}
      isSize={isSize}
    />
  );
}
