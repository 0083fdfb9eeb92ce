"""The seam for targets: what `runs` asks of a target goes through the verbs of its type."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from helpers.fifo import Fifo
from helpers.wait import wait_until
from homerun import Experiment, ScriptRunConfig, SubmitError, UserError, Workspace
from homerun.runs import reconcile, stop_request
from homerun.targets import dispatch, registry
from homerun.targets.local import Local
from homerun.targets.plan import Plan
from homerun.targets.queue import TargetQueue
from homerun.targets.target import Target
from runstore.queue import settings
from runstore.queue.queue import Queue
from runstore.run.record import Record
from runstore.store import Store

ENDLESS = "import signal; print('up', file={}); signal.pause()"


class Far(Local):
    """Another type of target: it keeps what it was asked for, and does as `local` does."""

    asked: list[tuple[object, ...]]

    def take_slots(self, store: Store, wanted: int, size: int) -> list[int] | None:
        self.asked.append(("take_slots", wanted, size))
        return super().take_slots(store, wanted, size)

    def start(
        self,
        run_folder: str,
        given: Plan,
        alive: int,
        slots: Sequence[int] = (),
        gpus: Sequence[int] = (),
    ) -> None:
        self.asked.append(("start", given.mark, len(slots)))
        super().start(run_folder, given, alive, slots, gpus)

    def adopt(self, run_folder: str, given: Plan, alive: int, script: int | None) -> None:
        self.asked.append(("adopt", given.mark, script is not None))
        super().adopt(run_folder, given, alive, script)

    def signal(self, run_folder: str, *numbers: int) -> None:
        self.asked.append(("signal", Path(run_folder).name, *numbers))
        super().signal(run_folder, *numbers)

    def logs(self, record: Record) -> list[str]:
        return [*super().logs(record), "far.log"]


@pytest.fixture
def experiment(workspace_dir: Path, script: Callable[..., Path]) -> Experiment:
    script("noop.py", "print('done')")
    return Experiment(Workspace.from_config(), "seam")


@pytest.fixture
def far(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """A target `far` with one slot, of a type that stands in the registry; what it was asked."""
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(Far, "asked", asked, raising=False)
    monkeypatch.setitem(registry.TYPES, "far", Far)
    experiment.workspace.targets.add("far", slots=1, type="far")
    return asked


def submit(experiment: Experiment, name: str, target: str = "far") -> Any:
    return experiment.submit(ScriptRunConfig("source", name, compute_target=target))


def test_a_run_is_started_and_canceled_by_the_verbs_of_its_target(
    experiment: Experiment,
    far: list[tuple[object, ...]],
    script: Callable[..., Path],
    ready: Fifo,
) -> None:
    script("wait.py", ENDLESS.format(ready.opened))
    run = submit(experiment, "wait.py")
    ready.line()

    run.cancel()

    assert run.get_status() == "Canceled"
    assert far == [
        ("take_slots", 1, 1),
        ("start", run._record.mark, 1),
        ("signal", run.id, signal.SIGTERM, signal.SIGCONT),
    ]
    assert "far.log" in run.get_details()["logFiles"]


def test_a_run_that_waited_is_started_by_the_verbs_of_its_target(
    experiment: Experiment, far: list[tuple[object, ...]]
) -> None:
    waiting = Queue(experiment.workspace.directory, "far")
    waiting.pause()
    run = submit(experiment, "noop.py")
    assert far == []

    TargetQueue(experiment.workspace.store, "far").resume()

    run.wait_for_completion()
    assert far[:2] == [("take_slots", 1, 1), ("start", run._record.mark, 1)]


def test_an_orphan_is_adopted_through_its_target(
    experiment: Experiment,
    far: list[tuple[object, ...]],
    script: Callable[..., Path],
    ready: Fifo,
) -> None:
    script("wait.py", ENDLESS.format(ready.opened))
    run = submit(experiment, "wait.py")
    ready.line()
    record = run._record
    registry.target_of_run(record.store.root, record.run).signal(record.path, signal.SIGKILL)

    def is_adopted() -> bool:
        reconcile.bring_up_to_date(record)
        return ("adopt", record.mark, True) in far

    wait_until(is_adopted, "the script has an adopter")

    stop_request.wake_supervisor(record.path)
    run.cancel()

    assert run.get_status() == "Canceled"


@pytest.mark.parametrize("error", [OSError(5, "input/output error"), KeyboardInterrupt()])
def test_an_adoption_that_is_broken_off_holds_no_lock(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    script("wait.py", ENDLESS.format(ready.opened))
    run = submit(experiment, "wait.py", "local")
    ready.line()
    target = registry.get(run._record.store.root)
    target.signal(run.directory, signal.SIGKILL)
    wait_until(lambda: not target.is_alive(run._record), "its supervisor is gone")

    with monkeypatch.context() as patch:
        patch.setattr(registry, "target_of_run", raising(error))
        with contextlib.suppress(KeyboardInterrupt):
            reconcile.bring_up_to_date(run._record)

    assert not target.is_alive(run._record)
    run.cancel()


@pytest.mark.parametrize("step", ["decode_for", "_claim"])
def test_a_claim_that_is_broken_off_holds_no_lock(
    experiment: Experiment,
    far: list[tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    waiting = Queue(experiment.workspace.directory, "far")
    waiting.pause()
    run = submit(experiment, "noop.py")
    waiting.resume()
    store = experiment.workspace.store

    with monkeypatch.context() as patch:
        patch.setattr(dispatch, step, raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            dispatch.start(store, "far")

    target = registry.get(store.root, "far")
    assert not target.is_alive(run._record)
    assert target.free_slots(store, 1) == 1
    dispatch.start(store, "far")
    run.wait_for_completion()


def raising(error: BaseException) -> Callable[..., Any]:
    def call(*_: object) -> Any:
        raise error

    return call


@pytest.mark.parametrize("is_damaged", [False, True], ids=["removed", "damaged settings"])
def test_a_run_is_canceled_though_its_target_is_not_known_any_more(
    experiment: Experiment,
    far: list[tuple[object, ...]],
    script: Callable[..., Path],
    ready: Fifo,
    is_damaged: bool,
) -> None:
    script("wait.py", ENDLESS.format(ready.opened))
    run = submit(experiment, "wait.py")
    ready.line()
    if is_damaged:
        Path(experiment.workspace.directory, "settings.json").write_text("{")
    else:
        experiment.workspace.targets.remove("far")

    run.cancel()

    assert run.get_status() == "Canceled"


def test_a_target_of_an_unknown_type_starts_nothing_and_says_why(experiment: Experiment) -> None:
    def edit(found: dict[str, Any]) -> None:
        found["targets"] = {"cluster": {"type": "newer", "slots": 1}}

    settings.change(experiment.workspace.store.for_writing().root, edit)

    with pytest.raises(SubmitError, match="'cluster' is of the type 'newer'"):
        submit(experiment, "noop.py", target="cluster")
    with pytest.raises(UserError, match="knows local"):
        registry.get(experiment.workspace.directory, "cluster")
    assert registry.find(experiment.workspace.directory, "cluster") is None


def test_a_type_has_to_have_every_verb() -> None:
    class Half(Target):
        """A target that can do nothing."""

    with pytest.raises(TypeError, match="abstract"):
        Half("half", 1, True)  # type: ignore[abstract]
