"""Rules of runs that go on: what they do, once each, and what is on record of it."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from homerun.metrics.usage import roll, sampler
from runstore.fs import facts
from runstore.run import identity

WAITS = """
import os
from azureml.core import Run
run = Run.get_context()
{before}
door = os.open({gate!r}, os.O_RDONLY)
print("up", file={opened}, flush=True)
os.read(door, 1)
{after}
"""


class Lab:
    """A store whose runs are looked at often."""

    def __init__(self, folder: Path, pipes: Path) -> None:
        self.workspace = Workspace.from_config()
        self.root = Path(self.workspace.store.for_writing().root)
        self.say(sample_s=0.5)
        self.source = folder / "source"
        self.source.mkdir(exist_ok=True)
        self.fifo = Fifo(pipes / "up.fifo")
        self.gate = Gate(pipes / "gate.fifo")

    def say(self, **settings: object) -> None:
        """Write the store's settings."""
        (self.root / "settings.json").write_text(json.dumps(settings))

    def start(self, before: str = "", after: str = "", **rules: Any) -> Run:
        """A run that waits for its gate; it does something before and after."""
        code = WAITS.format(
            before=before, after=after, gate=str(self.gate.path), opened=self.fifo.opened
        )
        (self.source / "train.py").write_text(code)
        config = ScriptRunConfig("source", "train.py", **rules)
        return Experiment(self.workspace, "ruled").submit(config)

    def begin(self, before: str = "", after: str = "", **rules: Any) -> Run:
        """The same, once it has done what it does before."""
        run = self.start(before, after, **rules)
        assert self.fifo.line() == "up"
        return run

    def facts(self, run: Run) -> dict[str, dict[str, Any]]:
        """The facts of the rules that have fired, by name."""
        folder = Path(run.directory, "rules")
        names = sorted(folder.iterdir()) if folder.exists() else []
        return {path.name: json.loads(path.read_text()) for path in names}

    def sampler(self) -> int:
        """The process of the sampler; 0: there is none."""
        place = self.root / ".sampler" / roll.place_name(identity.here())
        for name in filter(str.isdecimal, os.listdir("/proc")):
            try:
                words = Path("/proc", name, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(place) in words:
                return int(name)
        return 0


@pytest.fixture
def lab(workspace_dir: Path, tmp_path: Path) -> Iterator[Lab]:
    made = Lab(workspace_dir, tmp_path)
    yield made
    made.gate.close()
    made.fifo.close()
    wait_until(lambda: not made.sampler(), "the sampler has ended")


def log_of(run: Run) -> str:
    return Path(run.directory, "supervisor.log").read_text()


def test_a_run_whose_loss_is_nan_is_canceled_and_its_record_says_why(lab: Lab) -> None:
    run = lab.start("run.log('loss', float('nan'))", stop_if="metrics.loss is nan")
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Canceled"
    assert list(lab.facts(run)) == ["1.json"]
    fact = lab.facts(run)["1.json"]
    assert (fact["rule"], fact["action"], fact["attempt"]) == (1, "stop", 1)
    assert fact["condition"] == "metrics.loss is nan"
    assert fact["words"] == "metrics.loss was nan"
    assert fact["seen"] == {"metrics.loss": {"$f": "nan"}}
    stop = json.loads(Path(run.directory, "stop.json").read_text())
    assert stop["kind"] == "cancel"
    assert stop["why"] == "metrics.loss was nan (rule: metrics.loss is nan)"
    assert "rule 1 (stop): metrics.loss was nan" in log_of(run)


def test_a_run_that_prints_nothing_for_a_while_is_failed_by_a_rule(lab: Lab) -> None:
    run = lab.start("print('begins', flush=True)", fail_if=["no output for 1s"])
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    assert run.describe()["outcome"]["cause"] == "fail"
    told = r"no output for (\d+[ms])+ \(rule: no output for 1s\)"
    assert re.match(told, run.describe()["failure"])


def test_a_script_is_started_again_by_a_rule_as_often_as_it_may_be(lab: Lab) -> None:
    again = "import os; run.log('loss', 99 if os.environ.get('HOMERUN_ATTEMPT') is None else 1)"
    run = lab.start(again, retry_if="metrics.loss > 10", max_retries=3)
    wait_until(lambda: Path(run.directory, "attempts/2/started.json").exists(), "it is retried")
    lab.gate.open()
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert list(lab.facts(run)) == ["1-1.json"]
    causes = [row.get("cause") for row in run.describe()["attempts"]]
    assert causes == ["rule", None]


def test_where_no_attempt_is_left_a_rule_that_asks_for_one_ends_the_run(lab: Lab) -> None:
    run = lab.start("run.log('loss', 99)", retry_if="metrics.loss > 10", max_retries=1)
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    assert run.describe()["outcome"]["cause"] == "rule"
    assert list(lab.facts(run)) == ["1-1.json", "1-2.json"]


def test_a_tag_is_set_once_and_the_run_goes_on(lab: Lab) -> None:
    run = lab.begin("run.log('acc', 0.97)", tag_if=["good: metrics.acc > 0.95"])
    wait_until(lambda: run.get_tags().get("good"), "the tag is set")
    assert run.get_tags()["good"] == "metrics.acc was 0.97"
    run.remove_tags(["good"])
    lab.gate.open()
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert "good" not in run.get_tags()


def test_the_last_points_of_a_script_are_looked_at_too(lab: Lab) -> None:
    lab.say(sample_s=60)
    run = lab.begin(
        after="run.log('acc', 0.99)",
        tag_if=["good: metrics.acc > 0.95", "bad: metrics.acc < 0.5"],
    )
    lab.gate.open()
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert run.get_tags() == {"good": "metrics.acc was 0.99"}
    assert [fact["action"] for fact in lab.facts(run).values()] == ["tag"]


def test_rules_are_looked_at_where_no_samples_are_taken(lab: Lab) -> None:
    lab.say(sample_s=0)
    run = lab.start("run.log('loss', 99)", stop_if="metrics.loss > 10 and duration > 1s")
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Canceled"
    assert not Path(run.directory, "system").exists()


@pytest.mark.parametrize("rule", ["system.memory > 1MB", "disk free > 1KB", "disk free > 0.001%"])
def test_figures_of_the_machine_are_watched(lab: Lab, rule: str) -> None:
    run = lab.start(stop_if=rule)
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Canceled"
    assert lab.facts(run)["1.json"]["words"].endswith("iB") or "%" in rule


def test_a_rule_that_was_put_on_record_by_a_process_that_was_killed_is_carried_out(
    lab: Lab,
) -> None:
    run = lab.begin("run.log('loss', 1)", stop_if="metrics.loss > 10")
    wait_until(lab.sampler, "the sampler is there")
    os.kill(lab.sampler(), signal.SIGKILL)
    wait_until(lambda: not lab.sampler(), "the sampler is dead")
    folder = Path(run.directory, "rules")
    folder.mkdir()
    fact = {"rule": 1, "action": "stop", "words": "metrics.loss was 99", "attempt": 1}
    (folder / "1.json").write_text(json.dumps(fact))
    other = lab.begin(stop_if="metrics.loss > 10")  # it starts another sampler
    run.wait_for_completion(raise_on_error=False)
    lab.gate.open()
    other.wait_for_completion()

    assert run.get_status() == "Canceled"
    assert other.get_status() == "Completed"


def test_a_run_whose_supervisor_was_killed_is_still_canceled_by_a_rule(lab: Lab) -> None:
    after = "run.log('loss', 99)\nimport signal; signal.pause()"
    run = lab.begin(after=after, stop_if="metrics.loss > 10")
    wait_until(lab.sampler, "the sampler is there")
    os.kill(run.describe()["process"]["supervisor_pid"], signal.SIGKILL)
    wait_until(lambda: "adopted" in log_of(run) or not run.get_status(), "it is adopted")
    lab.gate.open()
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Canceled"


def test_a_rule_that_cannot_be_understood_is_refused_before_anything_is_made(lab: Lab) -> None:
    with pytest.raises(UserError, match="stop_if: 'loss' cannot be watched"):
        ScriptRunConfig("source", "train.py", stop_if="loss is nan")
    (lab.source / "train.py").write_text("")
    config = ScriptRunConfig("source", "train.py", retry_if="metrics.loss is nan")
    with pytest.raises(UserError, match="retry_if needs max_retries"):
        Experiment(lab.workspace, "ruled").submit(config)


def test_a_run_without_rules_starts_nothing_for_them(
    lab: Lab, submit: Callable[[str], Run]
) -> None:
    (lab.root / "settings.json").unlink()
    run = submit("print(1)")
    run.wait_for_completion()

    assert not (lab.root / ".sampler").exists()
    assert lab.facts(run) == {}


def test_the_rules_of_a_run_at_another_place_are_left_to_the_sampler_there(lab: Lab) -> None:
    run = lab.start("", stop_if="metrics.loss is nan")
    wait_until(lambda: Path(run.directory, "started.json").exists(), "it has begun")
    started = facts.read(run.directory, "started.json") or {}
    elsewhere = {**started, "boot_id": "another", "machine_id": "another", "host": "another"}

    here, there = (sampler._rules_of(run.directory, one) for one in (started, elsewhere))
    lab.gate.open()
    run.wait_for_completion()

    assert here is not None
    assert there is None
