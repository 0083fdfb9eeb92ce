"""The sampler: it lives while runs do, nothing needs it, and a run's record says what was used."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.metrics.usage import roll
from homerun.views import diagnosis, listing, rows
from homerun.views.table import Board
from runstore.fs import lock
from runstore.run import identity

HOLDS = """
import os
held = bytearray(64 << 20)
held[::4096] = b"x" * len(held[::4096])
door = os.open({gate!r}, os.O_RDONLY)
print("up", file={opened}, flush=True)
os.read(door, 1)
"""

USES = """
import json, os, resource, time
held = bytearray(128 << 20)
held[::4096] = b"x" * len(held[::4096])


def use(name):
    while time.process_time() < 0.5:
        pass
    with open(name, "wb") as file:
        for _ in range(24):
            file.write(bytes(1 << 20))
        file.flush()
        os.fsync(file.fileno())
    again = os.open(name, os.O_RDONLY)
    os.posix_fadvise(again, 0, 0, os.POSIX_FADV_DONTNEED)
    while os.read(again, 1 << 20):
        pass


child = os.fork()
use("of-child" if child == 0 else "own")
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
lines = open("/proc/self/status").read().splitlines()
told = {{
    "cpu_s": sum(one.ru_utime + one.ru_stime for one in both),
    "memory": next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS")),
    "read_bytes": sum(one.ru_inblock for one in both) * 512,
    "written_bytes": sum(one.ru_oublock for one in both) * 512,
}}
with open("outputs/told.json", "w") as file:
    json.dump(told, file)
door = os.open({gate!r}, os.O_RDONLY)
print("up", file={opened}, flush=True)
os.read(door, 1)
"""
"""It uses a known amount, half of it in a child, and writes down what the kernel says of both: that
is what `time -v` prints."""


class Place:
    """A store whose runs are sampled often, and what is seen of its sampler."""

    def __init__(self, workspace_dir: Path, pipes: Path) -> None:
        self.workspace = Workspace.from_config()
        self.root = Path(self.workspace.store.for_writing().root)
        self.say(0.5)
        self.source = workspace_dir / "source"
        self.source.mkdir(exist_ok=True)
        self.fifo = Fifo(pipes / "up.fifo")
        self.gates: list[Gate] = []
        self.pipes = pipes

    def say(self, seconds: float, **more: float) -> None:
        """Set how often samples are taken."""
        (self.root / "settings.json").write_text(json.dumps({"sample_s": seconds, **more}))

    @property
    def roll(self) -> Path:
        """The folder of the roll."""
        return self.root / ".sampler" / roll.place_name(identity.here())

    def start(self, script: str = HOLDS) -> tuple[Run, Gate]:
        """A run that holds 64 MiB until its gate opens; or another script."""
        gate = Gate(self.pipes / f"gate-{len(self.gates)}.fifo")
        self.gates.append(gate)
        code = script.format(gate=str(gate.path), opened=self.fifo.opened)
        (self.source / "train.py").write_text(code)
        run = Experiment(self.workspace, "used").submit(ScriptRunConfig("source", "train.py"))
        assert self.fifo.line() == "up"
        return run, gate

    def sampler(self) -> int:
        """The process of the sampler; 0: there is none."""
        for name in filter(str.isdecimal, os.listdir("/proc")):
            try:
                words = Path("/proc", name, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(self.roll) in words:
                return int(name)
        return 0

    def is_held(self) -> bool:
        """Whether a sampler holds the roll."""
        held = lock.join(str(self.roll / "lock"), alone=True)
        if held is not None:
            lock.release(held)
        return held is None


@pytest.fixture
def place(workspace_dir: Path, tmp_path: Path) -> Iterator[Place]:
    made = Place(workspace_dir, tmp_path)
    yield made
    for gate in made.gates:
        gate.close()
    made.fifo.close()


def samples(run: Run) -> int:
    return len(run.get_system_metrics().get("system/memory", []))


def in_columns(run: Run) -> dict[str, Any]:
    """What `ls --columns` shows of a run."""
    record = Workspace.from_config().store.get(run.id)
    assert record is not None
    (row,) = listing.describe_all([record])
    columns = rows.columns_of(["memory,cpu,cpu_percent,gpu_percent"])
    return {column.name: column.value(row) for column in columns}


def end(run: Run, gate: Gate) -> None:
    gate.open()
    run.wait_for_completion()


def test_what_a_run_uses_is_sampled_while_it_goes_on_and_summed_up_in_its_record(
    place: Place,
) -> None:
    run, gate = place.start()
    wait_until(lambda: samples(run) >= 2, "two samples are there")
    live = run.describe()["usage"]
    end(run, gate)
    usage = run.describe()["usage"]

    assert live["samples"] >= 2
    assert usage["memory"]["max"] > 64 << 20
    assert usage["processes"] == {"mean": 1, "max": 1}
    assert usage["cpu_percent"]["max"] >= 0
    assert json.loads(Path(run.directory, "usage.json").read_text())["samples"] >= 2
    assert run.get_metrics() == {}
    wait_until(lambda: not place.sampler(), "the sampler of no run has ended")
    assert [path.name for path in place.roll.iterdir()] == ["lock"]


def test_a_list_has_what_a_run_uses_now_and_once_it_is_over_what_it_used(
    place: Place,
) -> None:
    run, gate = place.start()
    wait_until(lambda: samples(run) >= 2, "two samples are there")
    wanted = "status = running and memory > 64MB and cpu_percent < 400%"
    live = [one.id for one in place.workspace.get_runs(where=wanted)]
    (on_board,) = Board(place.workspace.store).page()["runs"]
    now = run.describe()["usage"]["now"]
    (listed,) = listing.describe_all([run._record])
    shown = in_columns(run)
    end(run, gate)
    usage = run.describe()["usage"]
    (ended,) = Board(place.workspace.store).page()["runs"]
    over = place.workspace.get_runs(where="memory > 64MB and cpu > 0.001s and written >= 0B")

    assert live == [run.id] == [one.id for one in over]
    assert now["memory"] > 64 << 20
    assert now["processes"] == 1
    assert list(listed["usage"]) == ["now"], "a list reads no more than the end of the samples"
    assert on_board["memory_kib"] > 64 << 10
    assert shown["memory"] > 64 << 10
    assert shown["cpu"] > 0
    assert shown["gpu_percent"] is None
    assert ended["cpu_percent"] == round(usage["cpu_percent"]["mean"], 1)
    assert ended["memory_kib"] >= round(usage["memory"]["max"] / 1024)
    assert {ended["memory_kib"], ended["cpu_percent"]} < {*in_columns(run).values()}
    assert "now" not in usage


def test_one_sampler_serves_all_runs_and_ends_with_the_last_of_them(place: Place) -> None:
    one, first_gate = place.start()
    wait_until(lambda: samples(one), "the first run is sampled")
    sampler = place.sampler()
    other, second_gate = place.start()
    wait_until(lambda: samples(other), "the second run is sampled")
    end(one, first_gate)
    before = samples(other)
    wait_until(lambda: samples(other) > before, "the second run is sampled on")

    assert place.sampler() == sampler
    assert sampler
    end(other, second_gate)
    wait_until(lambda: not place.sampler(), "the sampler has ended")


def test_samples_agree_with_what_the_kernel_counts(place: Place) -> None:
    run, gate = place.start(USES)
    before = samples(run)
    wait_until(lambda: samples(run) >= before + 2, "a sample was begun since then")
    end(run, gate)
    told = json.loads(Path(run.directory, "outputs", "told.json").read_text())
    usage = run.describe()["usage"]
    found = {**usage, "memory": run.get_system_metrics()["system/memory"][-1]}

    for name in told:
        assert found[name] == pytest.approx(told[name], rel=0.05), name
    assert told["cpu_s"] >= 1
    assert told["memory"] > 128 << 20
    assert told["written_bytes"] in (0, pytest.approx(48 << 20, rel=0.05))  # 0: in memory only
    assert told["read_bytes"] in (0, pytest.approx(48 << 20, rel=0.05))


def test_a_sampler_that_is_killed_costs_samples_only_and_the_next_run_starts_another(
    place: Place,
) -> None:
    one, first_gate = place.start()
    wait_until(lambda: samples(one), "the first run is sampled")
    killed = place.sampler()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not place.is_held(), "the sampler is dead")
    other, second_gate = place.start()
    before = samples(one)
    wait_until(lambda: samples(one) > before, "the first run is sampled again")

    assert place.sampler() != killed
    end(one, first_gate)
    end(other, second_gate)
    outcome = one.describe()["outcome"]
    assert one.get_status() == "Completed"
    assert outcome["peak_memory_kib"] > 64 << 10  # the sampler's own use is not the script's
    wait_until(lambda: not place.sampler(), "the sampler has ended")


def test_where_none_are_wanted_no_sample_is_taken(place: Place) -> None:
    place.say(0)
    run, gate = place.start()
    end(run, gate)

    assert not (place.root / ".sampler").exists()
    assert "usage" not in run.describe()


def test_a_run_that_is_soon_over_starts_no_sampler(
    place: Place, submit: Callable[[str], Run]
) -> None:
    (place.root / "settings.json").unlink()
    submit("print(1)").wait_for_completion()

    assert not (place.root / ".sampler").exists()


def test_sampling_that_is_switched_off_ends_the_sampler_and_no_run(place: Place) -> None:
    run, gate = place.start()
    wait_until(lambda: samples(run), "the run is sampled")
    place.say(0)
    wait_until(lambda: not place.sampler(), "the sampler has ended")
    end(run, gate)

    assert run.get_status() == "Completed"
    assert run.describe()["usage"]["samples"] >= 1


def test_a_run_that_does_nothing_is_called_silent_and_may_hang(place: Place) -> None:
    place.say(0.5, silent_after_s=0.7)
    run, gate = place.start()
    seconds = wait_until(lambda: run.describe().get("silent_s"), "the run is silent")
    assert diagnosis.diagnosis(run._record)["what"].endswith("it may hang")
    end(run, gate)

    assert seconds >= 0.7
    assert "silent_s" not in run.describe()


def test_a_run_that_was_killed_with_its_supervisor_leaves_the_roll(place: Place) -> None:
    run, _ = place.start()
    wait_until(lambda: samples(run), "the run is sampled")
    process = run.describe()["process"]
    os.kill(process["supervisor_pid"], signal.SIGKILL)
    os.kill(process["pid"], signal.SIGKILL)
    wait_until(lambda: not place.sampler(), "the sampler has ended")

    assert [path.name for path in place.roll.iterdir()] == ["lock"]
    assert run.get_status() == "Failed"
    assert run.describe()["usage"]["samples"] >= 1


def test_a_store_that_is_renamed_is_sampled_on(place: Place, workspace_dir: Path) -> None:
    run, gate = place.start()
    wait_until(lambda: samples(run), "the run is sampled")
    moved = workspace_dir / "moved"
    place.root.rename(moved)
    folder = moved / "used" / run.id / "system"
    (log,) = folder.iterdir()
    size = log.stat().st_size
    wait_until(lambda: log.stat().st_size > size, "it is sampled on")
    gate.open()
    wait_until((moved / "used" / run.id / "ended.json").exists, "the run has ended")
    wait_until(lambda: not place.sampler(), "the sampler has ended")
    moved.rename(place.root)

    assert run.get_status() == "Completed"
