/** The machine: what it is busy with, the slots of targets, and how many runs wait. */

import { bytes, count, percent, plural } from "../../format";
import { href } from "../../route";
import { info } from "../../state";
import type { MachineLoad } from "../../types";
import { Meter } from "../../ui/basics";
import { activeWord, isOutside, slotsWord } from "../slots";
import { Band } from "./band";

const MOST = 7;

export function MachineBand({ machine }: { machine: MachineLoad }) {
  const { disk } = machine;
  const used = disk ? disk.bytes - disk.free_bytes : 0;
  return (
    <Band title="This machine" actions={<a href={href(["targets"])}>Targets and queue</a>}>
      <dl class="loads">
        {machine.cpu_percent !== null && (
          <Load
            name="CPU"
            value={machine.cpu_percent}
            of={100}
            words={`${percent(machine.cpu_percent)} of ${plural(info.value?.processors ?? 1, "processor")}`}
          />
        )}
        <Load
          name="Memory"
          value={machine.memory_used_bytes}
          of={machine.memory_bytes}
          words={`${bytes(machine.memory_used_bytes)} of ${bytes(machine.memory_bytes)}`}
        />
        {machine.gpus.slice(0, MOST).map((one) => (
          <Load
            key={one.index}
            name={`GPU ${one.index}`}
            value={one.percent ?? 0}
            of={100}
            words={
              one.flaw ??
              [percent(one.percent), one.memory_used_bytes === null ? "" : `${bytes(one.memory_used_bytes)} of ${bytes(one.memory_bytes)}`]
                .filter(Boolean)
                .join(", ")
            }
          />
        ))}
        {disk && <Load name="Disk" value={used} of={disk.bytes} words={`${bytes(used)} of ${bytes(disk.bytes)}, ${bytes(disk.free_bytes)} free`} />}
        {machine.targets.slice(0, MOST).map((one) => (
          <Load
            key={`target ${one.target}`}
            name={one.target}
            value={one.busy}
            of={one.slots ?? 0}
            words={[
              slotsWord(one),
              isOutside(one, one.active) ? activeWord(one, one.active) : "",
              one.waiting ? `${count(one.waiting)} waiting` : "",
              one.paused ? "paused" : "",
            ]
              .filter(Boolean)
              .join("; ")}
          />
        ))}
      </dl>
    </Band>
  );
}

function Load({ name, value, of, words }: { name: string; value: number; of: number; words: string }) {
  return (
    <div>
      <dt title={name}>{name}</dt>
      <dd>
        <Meter value={value} of={of} label={`${name}: ${words}`} />
        <span>{words}</span>
      </dd>
    </div>
  );
}
