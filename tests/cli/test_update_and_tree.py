"""`run update`, `run tree`, and the conditions of `run list`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from homerun import Experiment, Run, Workspace
from runstore import layout


@pytest.fixture
def parent(workspace_dir: Path) -> Run:
    """A completed run with two children, the second of which has a child and is canceled."""
    experiment = Experiment(Workspace.from_config(), "family")
    with experiment.start_logging(snapshot_directory=None, tags={"kind": "p"}) as run:
        with run.child_run(name="first"):
            pass
        second = run.child_run(name="second")
        second.child_run().complete()
        second.cancel()
    return run


def test_update_changes_tags_name_and_description(cli, parent: Run) -> None:
    words = ["--add-tag", "quality=great run", "--add-tag", "look", "--remove-tag", "kind"]
    done = cli(
        "run", "update", "-r", parent.id, *words, "--display-name", "Ann", "--description", "why"
    )

    assert done.json["run_id"] == parent.id
    assert (done.json["display_name"], done.json["description"]) == ("Ann", "why")
    assert done.json["tags"] == {"quality": "great run", "look": None}
    assert (parent.display_name, parent.description) == ("Ann", "why")


@pytest.mark.parametrize("words", [[], ["--add-tag", "=x"]], ids=["nothing", "no key"])
def test_update_without_a_change_is_wrong_usage(cli, parent: Run, words: list[str]) -> None:
    done = cli("run", "update", "-r", parent.id, *words)

    assert done.code == 2
    assert done.err.count("\n") == 1
    assert parent.get_tags() == {"kind": "p"}


def test_tree_shows_the_whole_family(cli, parent: Run) -> None:
    first, second = list(parent.get_children())[::-1]
    (grandchild,) = second.get_children()

    shown = cli("run", "tree", "-r", parent.id, "-o", "table").out.decode().splitlines()
    nested = cli("run", "tree", "-r", parent.id).json

    assert shown == [
        f"{parent.id}  Completed  kind=p",
        f"├─ {first.id}  Completed  first",
        f"└─ {second.id}  Canceled  second",
        f"   └─ {grandchild.id}  Completed",
    ]
    assert [child["run_id"] for child in nested["children"]] == [first.id, second.id]
    assert nested["children"][1]["children"][0]["run_id"] == grandchild.id


def test_a_run_below_itself_is_shown_once(invoke, parent: Run) -> None:
    child = next(iter(parent.get_children(recursive=True)))
    for run, above in ((child, parent), (parent, child)):
        path = Path(run.directory, layout.RUN)
        path.chmod(0o600)
        path.write_text(json.dumps({**json.loads(path.read_text()), "parent": above.id}))
    folder = Path(child.directory, layout.CHILDREN)
    folder.mkdir(exist_ok=True)
    for one in (parent, child):
        (folder / one.id).symlink_to(os.path.relpath(one.directory, folder))

    done = invoke("run", "tree", "-r", parent.id, "-o", "json")

    assert (done.code, done.err) == (0, "")
    assert done.text.count(f'"run_id": "{parent.id}"') == 1
    assert done.text.count(f'"run_id": "{child.id}"') == 1


def test_a_tree_of_many_levels_says_where_it_goes_on(
    invoke, parent: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homerun.cli.commands.run.tree._MOST_LEVELS", 2)

    done = invoke("run", "tree", "-r", parent.id, "-o", "table")

    assert len(done.text.splitlines()) == 3
    assert "2 levels are shown; homerun run tree -r" in done.err


def test_list_takes_conditions(cli, parent: Run) -> None:
    first, second = list(parent.get_children())[::-1]

    def ids(*words: str) -> list[str]:
        return [row["run_id"] for row in cli("run", "list", *words).json]

    assert ids() == [parent.id]
    assert ids("--parent-run-id", parent.id) == [second.id, first.id]
    assert ids("--parent-run-id", parent.id, "--status", "Canceled") == [second.id]
    assert ids("--tags", "kind=p") == ids("--tags", "kind") == [parent.id]
    assert ids("--tags", "kind=q") == ids("--status", "failed") == []
