"""The folder that TensorBoard is given: links to a run's event files, and its scalars as one."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.event_files import crc32c, scalars
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.files.tensorboard.event_files import EventFiles
from homerun.files.tensorboard.titles import Family
from runstore import layout

NOBODY = 65534


def begun() -> Run:
    """A run that goes on. It is no fixture: its log is open as long as it is known."""
    experiment = Experiment(Workspace.from_config(), "seen")
    return experiment.start_logging(snapshot_directory=None, outputs=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the run's event files are to be; it is not there yet."""
    return tmp_path / "shown"


def files_in(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return sorted(str(path.relative_to(folder)) for path in found)


def test_the_checksum_of_the_reader_is_the_published_one() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def test_scalars_come_as_an_event_file_that_grows(workspace_dir: Path, folder: Path) -> None:
    run = begun()
    run.log("loss", 0.5, step=300)
    run.log("huge", 1e300)
    files = EventFiles(run._record, str(folder))
    files.refresh()
    (file,) = folder.iterdir()
    assert scalars(file.read_bytes()) == [("loss", 300, 0.5), ("huge", 0, float("inf"))]
    assert not files.is_complete

    run.log("huge", -2)
    run.complete()
    files.refresh()

    assert scalars(file.read_bytes())[2:] == [("huge", 1, -2.0)]
    assert files.is_complete


def test_lists_rows_and_what_is_no_number(workspace_dir: Path, folder: Path) -> None:
    run = begun()
    run.log_list("list", [1, 2.5])
    run.log_row("row", x=1, y="text")
    run.log("word", "text")
    run.log("truth", True)
    run.log("none", float("nan"))
    run.log("large", 10**400)
    run.complete()

    EventFiles(run._record, str(folder)).refresh()

    (file,) = folder.iterdir()
    *found, none, large = scalars(file.read_bytes())
    assert found == [("list", 0, 1.0), ("list", 1, 2.5), ("row.x", 0, 1.0)]
    assert none[:2] == ("none", 0)
    assert math.isnan(none[2])
    assert large == ("large", 0, float("inf"))


def test_points_that_a_full_disk_did_not_take_are_written_later(
    workspace_dir: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun()
    run.log("loss", 0.5)
    run.log("loss", 0.25)
    files = EventFiles(run._record, str(folder))
    taken: list[bytes] = []

    class Full:
        """A file that takes some bytes, and then none."""

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def write(self, data: bytes) -> int:
            if taken:
                raise OSError(28, "No space left on device")
            taken.append(data[:50])
            (file,) = [folder / "events.out.tfevents.0000000000.homerun"]
            file.write_bytes(data[:50])
            return 50

    monkeypatch.setattr("builtins.open", lambda *_, **__: Full())
    with pytest.raises(OSError, match="No space"):
        files.refresh()
    monkeypatch.undo()
    run.log("loss", 0.125)

    files.refresh()

    (file,) = folder.iterdir()
    assert scalars(file.read_bytes()) == [("loss", 0, 0.5), ("loss", 1, 0.25), ("loss", 2, 0.125)]
    run.complete()


def test_a_log_that_is_another_one_by_now_begins_a_file_of_its_own(
    workspace_dir: Path, folder: Path
) -> None:
    run = begun()
    run.log("loss", 0.5)
    files = EventFiles(run._record, str(folder))
    files.refresh()
    (log,) = Path(run._record.path, "metrics").glob("*.jsonl")
    text = log.read_text()
    log.write_text(text.replace("0.5", "1.5"))

    files.refresh()

    (file,) = folder.iterdir()
    assert file.name == "events.out.tfevents.0000000001.homerun"
    assert scalars(file.read_bytes()) == [("loss", 0, 1.5)]
    run.complete()


def test_a_line_with_a_time_that_no_clock_tells_is_no_point(
    workspace_dir: Path, folder: Path
) -> None:
    run = begun()
    run.log("loss", 0.5)
    (log,) = Path(run._record.path, "metrics").glob("*.jsonl")
    line = json.loads(log.read_text().splitlines()[-1])
    with log.open("a") as file:
        for time, value in ((10**400, 1.5), (-(10**400), 2.5), (line["t"], 3.5)):
            file.write(json.dumps({**line, "t": time, "v": value}) + "\n")

    EventFiles(run._record, str(folder)).refresh()

    (made,) = folder.iterdir()
    assert scalars(made.read_bytes()) == [("loss", 0, 0.5), ("loss", 1, 3.5)]
    run.complete()


def test_event_files_are_links_and_planted_ones_are_left(
    workspace_dir: Path, folder: Path, tmp_path: Path
) -> None:
    run = begun()
    own = tmp_path / "own"
    own.write_bytes(b"events")
    run.upload_file("outputs/tb/events.out.tfevents.1.host", str(own))
    run.upload_file("sent/events.out.tfevents.4.host", str(own))
    run.complete()
    outputs = Path(run._record.path, "outputs")
    (outputs / "events.out.tfevents.2.planted").symlink_to(own)
    (outputs / "planted").symlink_to(tmp_path)
    (tmp_path / "events.out.tfevents.3.planted").write_bytes(b"not the run's")

    EventFiles(run._record, str(folder)).refresh()

    names = ["files/sent/events.out.tfevents.4.host", "outputs/tb/events.out.tfevents.1.host"]
    assert files_in(folder) == names
    assert all((folder / name).is_symlink() for name in names)
    assert all((folder / name).read_bytes() == b"events" for name in names)


def test_of_another_users_store_the_file_that_was_checked_is_shown(
    workspace_dir: Path, folder: Path, tmp_path: Path
) -> None:
    run = begun()
    if os.geteuid():
        pytest.skip("only root can have a store of another user")
    own = tmp_path / "own"
    own.write_bytes(b"events")
    run.upload_file("outputs/events.out.tfevents.1.host", str(own))
    run.complete()
    os.chown(run._record.store.root, NOBODY, NOBODY)
    files = EventFiles(run._record, str(folder))
    files.refresh()
    (name,) = files_in(folder)

    theirs = Path(run._record.path, "outputs/events.out.tfevents.1.host")
    with theirs.open("ab") as file:
        file.write(b" and more")
    secret = tmp_path / "secret"
    secret.write_bytes(b"of the one who looks")
    theirs.rename(theirs.with_name("away"))
    theirs.symlink_to(secret)

    files.refresh()
    assert (folder / name).read_bytes() == b"events and more"
    files.close()
    assert not (folder / name).exists()


def test_a_run_in_place_has_its_event_files_in_its_source(
    workspace_dir: Path, script: Callable[..., Path], folder: Path
) -> None:
    name = "outputs/events.out.tfevents.1.host"
    source = f"import os; os.makedirs('outputs', exist_ok=True); open({name!r}, 'w').write('own')"
    script("train.py", source)
    config = ScriptRunConfig("source", "train.py", in_place=True)
    run = Experiment(Workspace.from_config(), "seen").submit(config)
    run.wait_for_completion()

    EventFiles(run._record, str(folder)).refresh()

    assert (folder / name).read_bytes() == b"own"


@pytest.mark.parametrize(
    ("experiment", "number"), [("../../up", 1), ("..", "../../up"), ("/up", 3), ("", "..")]
)
def test_a_record_that_somebody_wrote_leads_to_no_other_folder(
    workspace_dir: Path, experiment: str, number: object
) -> None:
    records = []
    for _ in range(2):
        run = begun()
        run.complete()
        path = Path(run.directory, layout.RUN)
        said = {**json.loads(path.read_text()), "experiment": experiment, "number": number}
        path.write_text(json.dumps(said))
        records.append(run._record.store.find(run.id))

    titles = [title for title, _ in Family(records)()]

    assert len(set(titles)) == 2
    for title in titles:
        parts = title.split("/")
        assert len(parts) == 2
        assert not any(part.startswith(".") or not part for part in parts)


def test_titles_are_paths_of_two_parts_whatever_runs_are_called(workspace_dir: Path) -> None:
    workspace = Workspace.from_config()
    named = Experiment(workspace, "seen").start_logging(snapshot_directory=None)
    named.display_name = "../lr 0.1\n\udcff/x"
    plain = Experiment(workspace, "seen").start_logging(snapshot_directory=None)
    child = plain.child_run()
    records = [named._record, plain._record, plain._record]
    family = Family(records)

    titles = {title: record.id for title, record in family()}
    assert titles == {
        "seen/1 .._lr 0.1___x": named.id,
        "seen/2": plain.id,
        "seen/3": child.id,
    }

    named.display_name = "2"
    later = plain.child_run()
    assert {title for title, _ in family()} == {*titles, f"seen/{later.number}"}
    for run in (later, child, plain, named):
        run.complete()
