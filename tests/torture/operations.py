"""What the sweep tries: every operation of the SDK on runs, each with what it needs first."""

from __future__ import annotations

import os
import posix
import signal
from collections.abc import Callable
from typing import Any

from helpers import process
from helpers.wait import holds_within
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.base import environ
from homerun.runs import stop
from runstore import layout
from torture.sweep import Ack, Operation

EXPERIMENT = "sweep"
SLEEPING = ["/bin/sh", "-c", "exec sleep 1000"]
SHORT = ["/bin/sh", "-c", "exit 0"]

Done = tuple[list[Ack], Any]
Ready = tuple[Any, list[Ack]]


def experiment() -> Experiment:
    """The experiment of all cases."""
    return Experiment(Workspace.from_config(), EXPERIMENT)


def source() -> None:
    """What every store of the sweep has beside it: a folder with a script."""
    os.makedirs("source/pkg", exist_ok=True)
    for path in ("source/train.py", "source/pkg/a.py"):
        with open(path, "w") as file:
            file.write("x = 1\n")
    experiment()


def submit(name: str, command: list[str], parent: Run | None = None) -> Run:
    """A run of a script of the shell."""
    config = ScriptRunConfig("source", command=command, grace_s=0.2)
    return experiment().submit(config, run_id=name, parent=parent._record if parent else None)


def start(name: str) -> Run:
    """An interactive run of this process."""
    return experiment().start_logging(run_id=name, outputs=False, snapshot_directory=None)


# What is prepared


def _own(name: str) -> Ready:
    return start(name), [(name, "run", "", None)]


def _ended(name: str) -> Ready:
    run = start(name)
    run.complete()
    return run, [(name, "run", "", None)]


def _row(name: str) -> Ready:
    parent = start(name)
    row = parent.create_children(1)[0]
    return row, [(name, "run", "", None), (row.id, "run", "", None)]


def _sleeping(name: str) -> Ready:
    run = submit(name, SLEEPING)
    assert holds_within(lambda: run.get_status() == "Running", 20), run.get_status()
    return run, [(name, "run", "", None)]


def _impatient(name: str) -> Ready:
    """One whose canceler does not wait long: where it cannot see the end, it is not to hold us."""
    stop._BEYOND_GRACE_S = 0.2
    return _sleeping(name)


def _in_script(name: str) -> Ready:
    """A submitted run as its script sees it; this process plays the script."""
    run, acks = _sleeping(name)
    os.environ[environ.RUN_ID], os.environ[environ.RUN_FOLDER] = run.id, run.directory
    return Run.get_context(), acks


def _orphan(name: str) -> Ready:
    run, acks = _sleeping(name)
    supervisor = run.describe()["process"]["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    process.wait_gone(supervisor)
    return run, acks


def _lost(name: str) -> Ready:
    pid = os.fork()
    if not pid:
        start(name)
        os._exit(0)
    os.waitpid(pid, 0)
    return Workspace.from_config().get_run(name), [(name, "run", "", None)]


def _damaged(name: str) -> Ready:
    """A store with one of each damage that a repair cures, and a run beside it."""
    good, bad = start(name), start(f"{name}-bad")
    for run in (good, bad):
        run.tag("a", "b")
        run.log("loss", 1.0)
        run.complete()
    store = good.experiment.workspace.store
    home = os.path.dirname(good.directory)
    contents = {
        f"{bad.directory}/{layout.MARK}": "{",
        f"{bad.directory}/.ended.json.99999999.0123abcd": "left",
        f"{bad.directory}/{layout.PROPERTIES}": None,
        f"{bad.directory}/{layout.PROPERTIES}/key": "[]",
        f"{home}/{layout.NEW}{name}": None,
        f"{home}/{layout.NEW}{name}/{layout.ALIVE}": "",
        f"{store.root}/{layout.SNAPSHOTS}": None,
        f"{store.root}/{layout.SNAPSHOTS}/{name}": None,
    }
    for path, content in contents.items():
        if content is None:
            os.makedirs(path, exist_ok=True)
        else:
            with open(path, "w") as file:
                file.write(content)
    with open(f"{home}/{layout.LEDGER}", "a") as file:
        file.write("a torn end")
    kept: list[Ack] = [(name, "tag", "a", "b"), (f"{name}-bad", "tag", "a", "b")]
    return store, [*kept, (name, "metric", "loss", 1.0), (f"{name}-bad", "metric", "loss", 1.0)]


# What is done


def _submit(name: str) -> Done:
    run = submit(name, SHORT)
    return [(run.id, "run", "", None)], None


def _submit_child(parent: Run) -> Done:
    config = ScriptRunConfig("source", command=SHORT, grace_s=0.2)
    child = parent.submit_child(config)
    return [(child.id, "run", "", None)], None


def _ends(word: str, how: str | None, *args: object) -> Callable[[Run], Done]:
    def act(run: Run) -> Done:
        getattr(run, word)(*args)
        return [(run.id, "status" if how else "run", "", how)], None

    return act


def _said() -> bytes:
    """What the child has said, read past the fault."""
    descriptor = posix.open("said", posix.O_RDONLY)
    try:
        return posix.read(descriptor, 1 << 16)
    finally:
        posix.close(descriptor)


def _save(path: str) -> None:
    """A file of the user's own, written past the fault."""
    posix.close(posix.open(path, posix.O_WRONLY | posix.O_CREAT, 0o600))


def _logs(word: str, kept: object, *args: object, **named: object) -> Callable[[Run], Done]:
    def act(run: Run) -> Done:
        getattr(run, word)("loss", *args, **named)
        getattr(run, word)("loss", *args, **named)
        if run.dropped:
            assert run.dropped <= 2
            return [], None
        return [(run.id, "metric", "loss", kept)], None

    return act


def _labels(change: Callable[[Run], object], kind: str, key: str, value: object):  # type: ignore[no-untyped-def]
    def act(run: Run) -> Done:
        change(run)
        return [] if b"cannot be stored" in _said() else [(run.id, kind, key, value)], None

    return act


def _whole(name: str) -> Done:
    """A life of an interactive run, from its start to its end."""
    run = experiment().start_logging(run_id=name, outputs="out", snapshot_directory="source")
    _save("out/model")
    run.log("loss", 1.0)
    run.tag("a", "b")
    dropped = run.dropped
    run.complete()
    acks: list[Ack] = [(name, "status", "", "Completed"), (name, "tag", "a", "b")]
    return acks + ([] if dropped else [(name, "metric", "loss", 1.0)]), None


def _child_run(parent: Run) -> Done:
    with parent.child_run(name="fold") as child:
        child.tag("a", "b")
    return [(child.id, "status", "", "Completed"), (child.id, "tag", "a", "b")], None


def _create_children(parent: Run) -> Done:
    rows = parent.create_children(tag_key="fold", tag_values=[1, 2])
    return [(row.id, "tag", "fold", f"{n}") for n, row in enumerate(rows, 1)], None


def _new_experiment(name: str) -> Done:
    Experiment(Workspace.from_config(), f"new-{name}")
    return [], None


def _create_workspace(name: str) -> Done:
    Workspace.create("torture", exist_ok=True)
    return [], None


def _fresh_folder(name: str) -> Ready:
    os.mkdir(f"{name}-workspace")
    os.chdir(f"{name}-workspace")
    return name, []


def _settles(run: Run) -> Done:
    seen = run.get_status()
    assert seen in ("Failed", "Running", "NotResponding"), seen
    return [], None


def _check(repair: bool) -> Callable[[Any], Done]:
    def act(store: Any) -> Done:
        from runstore.upkeep.check import check

        check(store, repair)
        return [], None

    return act


CHANGES = [
    Operation("submit", _submit, lambda name: (f"short-{name}", []), is_slow=True),
    Operation("submit_child", _submit_child, _own, is_slow=True),
    Operation("cancel", _ends("cancel", None), _impatient, is_slow=True),
    Operation("fail, from outside", _ends("fail", None, "why"), _impatient, is_slow=True),
    Operation("adopt", _settles, _orphan, is_slow=True),
    Operation("settle", _settles, _lost),
    Operation("start_logging … complete", _whole, lambda name: (name, [])),
    Operation("complete", _ends("complete", "Completed"), _own),
    Operation("fail", _ends("fail", "Failed", ValueError("why")), _own),
    Operation("cancel, interactive", _ends("cancel", "Canceled"), _own),
    Operation("fail, of an ended run", _ends("fail", "Failed", "why"), _ended),
    Operation("child_run", _child_run, _own),
    Operation("create_children", _create_children, _own),
    Operation("row.log", _logs("log", 1.0, 1.0), _row, never_raises=True),
    Operation("row.complete", _ends("complete", "Completed"), _row),
    Operation("Experiment()", _new_experiment, lambda name: (name, [])),
    Operation("Workspace.create", _create_workspace, _fresh_folder),
    Operation("store check", _check(False), _damaged),
    Operation("store check --repair", _check(True), _damaged),
]

_LOGS = {
    "log": _logs("log", 1.0, 1.0),
    "log with a step": _logs("log", 1.0, 1.0, step=3),
    "log_list": _logs("log_list", [1, 2], [1, 2]),
    "log_row": _logs("log_row", {"x": 1, "y": 2}, x=1, y=2),
    "log_table": _logs("log_table", {"x": [1, 2]}, {"x": [1, 2]}),
}
_LABELS = {
    "tag": _labels(lambda run: run.tag("a", "b"), "tag", "a", "b"),
    "set_tags": _labels(lambda run: run.set_tags({"a": "b", "c": 1}), "tag", "c", "1"),
    "remove_tags": _labels(lambda run: run.remove_tags(["a"]), "tag", "a", None),
    "add_properties": _labels(
        lambda run: run.add_properties({"k": "v", "l": "w"}), "property", "l", "w"
    ),
    "display_name": _labels(lambda run: setattr(run, "display_name", "x"), "run", "", None),
    "description": _labels(lambda run: setattr(run, "description", "x"), "run", "", None),
}
CHANGES += [Operation(name, act, _own, never_raises=True) for name, act in _LOGS.items()]
CHANGES += [Operation(name, act, _own) for name, act in _LABELS.items()]
IN_SCRIPT = [
    Operation(f"{name}, in a script", act, _in_script, never_raises=True, is_slow=True)
    for name, act in {**_LOGS, **_LABELS}.items()
]


# What only reads


def family() -> None:
    """The runs that are read: ended ones, a parent with children; nothing is left to settle."""
    source()
    runs = [submit("short-done", SHORT), submit("short-failed", ["/bin/sh", "-c", "exit 3"])]
    for run in runs:
        run.wait_for_completion(raise_on_error=False)
        process.wait_gone(run.describe()["process"]["supervisor_pid"])
    parent = start("parent")
    parent.log("loss", 1.0)
    parent.log("loss", 2.0)
    parent.tag("a", "b")
    parent.add_properties({"k": "v"})
    for number in range(2):
        with parent.child_run(f"fold {number}", run_id=f"child-{number}") as child:
            child.log("loss", number)
            child.tag("a", "b")
    parent.complete()
    for run in (*runs, parent):
        _wait_noted(run)


def _wait_noted(run: Run) -> None:
    """What asks a run's interpreter may outlive the run: it would pass for a reader that writes."""
    noted = f"{run.directory}/{layout.INTERPRETER}"
    assert holds_within(lambda: os.path.exists(noted), 20), noted


def _reads(read: Callable[[Workspace], Any]) -> Callable[[Any], Done]:
    return lambda _: ([], read(Workspace.from_config()))


def _ids(runs: Any) -> list[str]:
    return [run.id for run in runs]


def _details(workspace: Workspace) -> dict[str, Any]:
    """All but the paths of logs that are there: a log that cannot be seen is none."""
    found = workspace.get_run("short-failed").get_details()
    found.pop("logFiles", None)
    return found


def _detail(name: str) -> Callable[[Workspace], Any]:
    return lambda workspace: getattr(workspace.get_run("parent"), name)()


READS = [
    Operation(name, _reads(read), reads=True, is_list=name in ("get_runs", "get_children"))
    for name, read in {
        "get_status": lambda w: w.get_run("parent").get_status(),
        "get_status of a script": lambda w: w.get_run("short-done").get_status(),
        "get_status of a failed script": lambda w: w.get_run("short-failed").get_status(),
        "get_details": _details,
        "describe": _detail("describe"),
        "get_metrics": _detail("get_metrics"),
        "get_metrics, recursive": lambda w: w.get_run("parent").get_metrics(recursive=True),
        "get_tags": _detail("get_tags"),
        "get_properties": _detail("get_properties"),
        "get_children": lambda w: _ids(w.get_run("parent").get_children()),
        "get_runs": lambda w: _ids(w.get_runs(include_children=True)),
        "stream": lambda w: b"".join(w.get_run("short-done").stream()).decode(),
    }.items()
]
READS += [
    Operation(
        f"get_runs, {name}", _reads(read), reads=True, is_list=True, filters=name.startswith("by")
    )
    for name, read in {
        "of an experiment": lambda w: _ids(Experiment.existing(w, EXPERIMENT).get_runs()),
        "by tag": lambda w: _ids(w.get_runs(tags={"a": "b"}, include_children=True)),
        "by property": lambda w: _ids(w.get_runs(properties="k")),
        "by status": lambda w: _ids(w.get_runs(status="Completed")),
    }.items()
]
