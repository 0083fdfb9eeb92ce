"""Tags, names and properties: what people write on a run, at once and from everywhere."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import children
from helpers.wait import DEADLINE_S
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from runstore import PropertyExists

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "labels")


@pytest.fixture
def run(experiment: Experiment) -> Run:
    """A run that is over: nothing here needs it to be open."""
    run = experiment.start_logging(**BARE)
    run.complete()
    return run


def again(run: Run) -> Run:
    """The run as somebody else sees it."""
    return Run.get(Workspace.from_config(), run.id)


# Tags


def test_of_fifty_processes_that_tag_at_once_no_acknowledged_tag_is_lost_though_some_are_killed(
    run: Run,
) -> None:
    read_end, write_end = os.pipe()
    workers = []
    for number in range(50):
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            _tag_until(run, number, 8 if number % 5 else None, write_end)
        workers.append(pid)
    os.close(write_end)
    acknowledged: list[str] = []
    with os.fdopen(read_end) as pipe:
        while len(acknowledged) < 300:
            acknowledged.append(pipe.readline().strip())
        for pid in workers[::5]:
            os.kill(pid, signal.SIGKILL)
        acknowledged += pipe.read().split()
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers]

    tags = again(run).get_tags()
    assert codes == [0 if number % 5 else -signal.SIGKILL for number in range(50)]
    assert {key: tags.get(key) for key in acknowledged} == dict.fromkeys(acknowledged, "yes")
    run.tag("shared", "last")
    assert again(run).tags["shared"] == "last"


def _tag_until(run: Run, number: int, most: int | None, tell: int) -> None:
    """Tag so often, or until killed; each tag is told of when the call has returned."""
    code = 1
    try:
        done = 0
        while done != most:
            run.set_tags({f"{number}-{done}": "yes", "shared": number})
            os.write(tell, f"{number}-{done}\n".encode())
            done += 1
        code = 0
    finally:
        os._exit(code)


def test_the_later_change_wins_and_the_other_tags_stay(run: Run) -> None:
    run.tag("quality", "great run")
    again(run).set_tags({"quality": "fantastic run", "kept": "as it was"})
    run.tag("worth another look")
    run.set_tags({})

    assert again(run).tags == {
        "quality": "fantastic run",
        "kept": "as it was",
        "worth another look": None,
    }


def test_tags_are_removed_by_their_keys(run: Run) -> None:
    run.set_tags({"a": 1, "b": 2, "c": 3, "d": 4})

    run.remove_tags(["a", "never there"])
    again(run).remove_tags("b")
    run.remove_tags(("c",))
    run.remove_tags([])
    removed = run.get_tags()
    run.tag("a", "back")

    assert removed == {"d": "4"}
    assert again(run).tags == {"d": "4", "a": "back"}


def test_the_tags_that_a_run_was_made_with_can_be_changed_and_removed(
    experiment: Experiment,
) -> None:
    run = experiment.start_logging(**BARE, tags={"a": 1, "b": None})
    run.complete()

    before = run.tags
    run.remove_tags(["a"])
    run.tag("b", "now")

    assert before == {"a": "1", "b": None}
    assert again(run).tags == {"b": "now"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (0.5, "0.5"),
        (True, "True"),
        (float("nan"), "nan"),
        (["a", 1], "['a', 1]"),
        (np.int64(3), "3"),
        (np.float32(0.5), "0.5"),
        (np.bool_(True), "True"),
        (np.str_("ü"), "ü"),
        (np.array(7), "7"),
        ("", ""),
        (None, None),
    ],
    ids=repr,
)
def test_a_value_becomes_text(run: Run, value: object, text: str | None) -> None:
    run.tag("by tag", value)
    run.set_tags({"by set_tags": value})

    assert again(run).tags == {"by tag": text, "by set_tags": text}


def test_a_live_script_and_its_watcher_both_tag(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        from homerun import Run
        run = Run.get_context()
        run.tag("from", "inside")
        run.display_name = "named inside"
        run.add_properties({"seed": 7})
        """,
    )
    run = experiment.submit(ScriptRunConfig("source", "train.py"), tags={"at": "submit"})
    run.tag("watcher", "outside")
    run.wait_for_completion()
    run.tag("ended", "yes")

    assert again(run).tags == {
        "at": "submit",
        "watcher": "outside",
        "from": "inside",
        "ended": "yes",
    }
    assert (run.display_name, run.properties) == ("named inside", {"seed": "7"})


# Names


def test_display_name_and_description_are_set_by_anybody_at_any_time(
    experiment: Experiment, run: Run
) -> None:
    named = experiment.start_logging(
        **BARE, name="short", display_name="for people", description="why"
    )
    named.complete()
    plain = experiment.start_logging("only a name", **BARE)
    plain.complete()
    given = (named.display_name, named.description, plain.display_name, plain.description)
    before = (run.display_name, run.description)

    run.display_name = "größe\nzwei"
    again(run).description = ""
    named.display_name = "another"

    assert given == ("for people", "why", "only a name", None)
    assert before == (run.id, None)
    assert (again(run).display_name, again(run).description) == ("größe\nzwei", "")
    assert again(named).display_name == "another"


# Properties


def test_a_second_value_is_refused_by_name_and_the_other_keys_are_kept(run: Run) -> None:
    run.add_properties({"author": "ann"})

    with pytest.raises(PropertyExists, match=r"'author'.*'ann'.*'bob'") as refused:
        again(run).add_properties({"before": "1", "author": "bob", "after": "2"})
    run.add_properties({"author": "ann"})
    run.add_properties({})

    assert "\n" not in str(refused.value)
    assert again(run).properties == {"author": "ann", "before": "1", "after": "2"}


def test_of_fifty_racers_one_wins_and_all_others_are_told(run: Run) -> None:
    def add(number: int) -> str | None:
        try:
            run.add_properties({"winner": number, f"own {number}": "set"})
        except PropertyExists as error:
            return str(error)
        return None

    told = children.race(50, add)

    winner = again(run).properties["winner"]
    assert told.count(None) == 1
    assert told.index(None) == int(winner)
    assert all("'winner'" in text and repr(winner) in text for text in told if text)
    assert {f"own {number}" for number in range(50)} < set(run.properties)


def test_the_properties_that_a_run_was_made_with_are_set_once_and_for_ever(
    experiment: Experiment,
) -> None:
    run = experiment.start_logging(**BARE, properties={"author": "ann", "seed": np.int64(7)})
    run.complete()

    run.add_properties({"author": "ann", "seed": 7})
    with pytest.raises(PropertyExists, match=r"'seed'.*'7'.*'8'"):
        run.add_properties({"seed": 8, "new": None})

    assert again(run).properties == {"author": "ann", "seed": "7", "new": "None"}
    assert run.get_details()["properties"] == run.properties


# Misuse


@pytest.mark.parametrize(
    "misuse",
    [
        lambda run: run.tag(5),
        lambda run: run.tag(None, "x"),
        lambda run: run.set_tags("quality"),
        lambda run: run.set_tags(["a"]),
        lambda run: run.set_tags({5: "a"}),
        lambda run: run.set_tags(None),
        lambda run: run.remove_tags(None),
        lambda run: run.remove_tags(5),
        lambda run: run.add_properties(["a"]),
        lambda run: run.add_properties("author"),
        lambda run: run.add_properties({None: "a"}),
        lambda run: setattr(run, "display_name", 5),
        lambda run: setattr(run, "description", None),
    ],
)
def test_misuse_is_one_clear_error_and_changes_nothing(
    run: Run, misuse: Callable[[Run], None]
) -> None:
    with pytest.raises(UserError) as refused:
        misuse(run)

    assert "\n" not in str(refused.value)
    assert (run.tags, run.properties, run.display_name) == ({}, {}, run.id)


# Copies


def test_copying_a_run_to_another_store_and_back_keeps_the_tags_of_both(
    run: Run, tmp_path: Path
) -> None:
    run.set_tags({"quality": "great run", "removed there": "yes"})
    copy = _copy(run, tmp_path / "copy")

    copy.set_tags({"there": "1", "quality": "fantastic run"})
    copy.remove_tags(["removed there"])
    there = copy.get_tags()
    shutil.copytree(copy.directory, run.directory, symlinks=True, dirs_exist_ok=True)

    assert there == again(run).tags == {"quality": "fantastic run", "there": "1"}


def test_tags_set_on_both_sides_are_united_and_the_later_wins(run: Run, tmp_path: Path) -> None:
    run.tag("quality", "great run")
    copy = _copy(run, tmp_path / "copy")

    children.in_child(lambda: run.set_tags({"here": "1", "quality": "here"}))
    copy.set_tags({"there": "1", "quality": "there"})
    copy.tag("quality", "there again")
    shutil.copytree(copy.directory, run.directory, symlinks=True, dirs_exist_ok=True)
    shutil.copytree(run.directory, copy.directory, symlinks=True, dirs_exist_ok=True)

    assert again(run).tags == {"here": "1", "there": "1", "quality": "there again"}
    assert copy.tags == again(run).tags


def test_tags_that_the_same_process_sets_while_a_copy_is_away_survive_its_return(
    run: Run, tmp_path: Path
) -> None:
    run.tag("before", "1")
    copy = _copy(run, tmp_path / "copy")

    run.tag("here", "1")
    copy.tag("there", "1")
    shutil.copytree(copy.directory, run.directory, symlinks=True, dirs_exist_ok=True)

    assert again(run).tags == {"before": "1", "here": "1", "there": "1"}


def _copy(run: Run, to: Path) -> Run:
    (to / ".runs").mkdir(parents=True)
    other = Experiment(Workspace.from_config(str(to)), run.experiment.name)
    shutil.copytree(run.directory, to / ".runs" / other.name / run.id, symlinks=True)
    return Run.get(other.workspace, run.id)


# A store that takes nothing


_FULL = """
import os
from homerun import Run
run = Run.get_context()
run.tag("before", "full")
print("the log's first page has room for a line")
with open(os.environ["HOMERUN_STORE"] + "/ballast", "wb", buffering=0) as ballast:
    try:
        while ballast.write(bytes(4096)):
            pass
    except OSError:
        pass
for number in range(500):
    run.set_tags({f"{number}": "x" * 1000})
run.add_properties({f"{n}": "x" * 1000 for n in range(100)})
run.display_name = "x" * 10000
run.remove_tags(["before"] * 100)
os.unlink(os.environ["HOMERUN_STORE"] + "/ballast")
print("trained")
"""

_UNSHARE = ("unshare", "-rmpf", "--mount-proc", "--kill-child", "sh", "-c")

_SUBMITTING = """
import json
from homerun import Experiment, ScriptRunConfig, Workspace
run = Experiment(Workspace.from_config(), "labels").submit(ScriptRunConfig("source", "train.py"))
run.wait_for_completion(raise_on_error=False)
output = b"".join(run.stream()).decode().splitlines()
print(json.dumps({"status": run.get_status(), "output": output, "tags": run.tags}))
"""


def test_a_full_disk_stops_no_training_that_tags_and_is_said_once(
    workspace_dir: Path, script: Callable[..., Path], needs_user_mount: None
) -> None:
    script("train.py", _FULL)
    (workspace_dir / "child.py").write_text(_SUBMITTING)
    mount = "mkdir .runs && mount -t tmpfs -o size=1m none .runs"
    done = subprocess.run(
        [*_UNSHARE, f"{mount} && exec {sys.executable} child.py"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)

    said = [line for line in seen["output"] if line.startswith("homerun: ")]
    assert (seen["status"], seen["output"][-1]) == ("Completed", "trained")
    assert len(said) == 1
    assert said[0].startswith("homerun: tags, parameters and properties cannot be stored")


# Parameters


def test_logged_parameters_are_read_by_every_process_and_the_later_ones_win(run: Run) -> None:
    run.log_params({"lr": 0.1, "fast": True, "optimizer": {"name": "adam", "eps": 1e-8}})
    run.log_params({"lr": np.float32(0.5), "layers": [64, 32], "resume": None})

    found = again(run).get_params()

    assert found == {
        "lr": 0.5,
        "fast": True,
        "optimizer.name": "adam",
        "optimizer.eps": 1e-8,
        "layers": [64, 32],
        "resume": None,
    }
    assert again(run).params == found


def test_logged_parameters_have_no_secrets_and_only_values_that_json_has(run: Run) -> None:
    run.log_params({"api_key": "hunter2", "clip": float("inf"), "where": Path("a/b")})

    assert again(run).params == {"api_key": "*****", "clip": "inf", "where": "a/b"}


@pytest.mark.parametrize("wrong", [["lr"], 3, {1: 2}, {"": 2}])
def test_parameters_that_are_no_dict_of_texts_are_refused(run: Run, wrong: Any) -> None:
    with pytest.raises(UserError, match="parameters are"):
        run.log_params(wrong)
    assert run.params == {}


def test_the_parameters_of_a_submitted_run_are_its_arguments_and_what_its_script_logs(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        from homerun import Run
        Run.get_context().log_params({"lr": 0.5, "seed": 7})
        """,
    )
    config = ScriptRunConfig("source", "train.py", ["--lr", 0.1, "data", "--token", "abc", "x=1"])

    run = experiment.submit(config)
    run.wait_for_completion()

    assert run.params == {"lr": 0.5, "token": "*****", "x": 1, "seed": 7}
    written = json.loads((Path(run.directory) / "run.json").read_text())["params"]
    assert written == {"lr": 0.1, "token": "*****", "x": 1}
