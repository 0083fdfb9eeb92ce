"""The files of a run: uploads and downloads, logs and code, in scripts, notebooks and without."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.probes import Interpreter
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from homerun.files import archive
from runstore.errors import FileTaken, InvalidName


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "files")


@pytest.fixture
def run(experiment: Experiment) -> Any:
    """A run that this process holds open."""
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    yield run
    run.complete()


def submitted(experiment: Experiment, **fields: Any) -> Run:
    run = experiment.submit(ScriptRunConfig("source", "train.py", **fields))
    run.wait_for_completion()
    return run


def text(run: Run, name: str) -> str:
    run.download_file(name, "downloaded")
    return Path("downloaded").read_text()


SCRIPT = """
import io, os
from homerun import Run

run = Run.get_context()
assert os.path.isdir("outputs") and os.path.isdir("logs")
with open("outputs/model.pkl", "w") as file:
    file.write("model")
run.upload_file("outputs/model.pkl", "outputs/model.pkl")
run.upload_file(name="./outputs/again.pkl", path_or_stream="outputs/model.pkl")
run.upload_folder("outputs", "outputs/")
run.upload_file("notes.txt", io.BytesIO(b"notes"))
os.makedirs("made/.hidden/empty")
for name in ("made/a", "made/.hidden/b"):
    with open(name, "w") as file:
        file.write(name)
run.upload_folder("folder", "made/")
run.upload_files(["x/1", "x/2"], ["made/a", "made/a"])
with open("logs/progress.txt", "w") as file:
    file.write("50 %")
print(*run.get_file_names(), sep=",")
run.download_files("outputs", "copies")
assert sorted(os.listdir("copies/outputs")) == ["again.pkl", "model.pkl"]
"""

NAMES = [
    *("folder/.hidden/b", "folder/a", "logs/progress.txt", "notes.txt", "outputs/again.pkl"),
    *("outputs/model.pkl", "user_logs/std_log.txt", "x/1", "x/2"),
]


def test_a_script_keeps_files_that_anybody_gets_back(
    experiment: Experiment, script: Callable[..., Path], interpreter: Interpreter
) -> None:
    script("train.py", SCRIPT)

    run = submitted(experiment, interpreter=interpreter.path)

    assert run.get_file_names() == NAMES
    assert text(run, "user_logs/std_log.txt") == ",".join(NAMES) + "\n"
    assert (text(run, "notes.txt"), text(run, "folder/.hidden/b")) == ("notes", "made/.hidden/b")
    assert Path(run.directory, "outputs/model.pkl").read_text() == "model"


def test_an_upload_in_a_script_that_fails_is_not_silent(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        from homerun import Run
        run = Run.get_context()
        for name in ("a", "user_logs/std_log.txt", "../b"):
            try:
                run.upload_file(name, "nowhere" if name == "a" else __file__)
            except Exception as error:
                print(type(error).__name__)
        """,
    )

    run = submitted(experiment)

    assert text(run, "user_logs/std_log.txt") == "FileNotFoundError\nFileTaken\nInvalidName\n"


# Uploads


def test_an_upload_tells_what_it_made(run: Run) -> None:
    Path("here").write_text("x")

    made = run.upload_file("a/b", "here")
    one, two = run.upload_files(["c", "d"], [Path("here"), "here"])
    by_name, listed = run.upload_files(["e"], ["here"], return_artifacts=True)

    assert (made.path, made.container, made.origin) == ("a/b", f"dcid.{run.id}", "ExperimentRun")
    assert made.artifact_id == f"ExperimentRun/dcid.{run.id}/a/b"
    assert (one.path, two.path, list(by_name), len(listed)) == ("c", "d", ["e"], 1)


def test_another_file_of_a_name_is_refused_and_the_first_stays(run: Run) -> None:
    run.upload_file("a", io.BytesIO(b"one"))
    run.upload_file("a", io.BytesIO(b"one"))
    with pytest.raises(FileTaken, match="already exists"):
        run.upload_file("a", io.BytesIO(b"two"))

    assert text(run, "a") == "one"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (io.StringIO("text"), "binary mode"),
        (7, "not int"),
        (None, "not NoneType"),
        (".", "upload_folder"),
        ("/dev/null", "not a file"),
        ("a\0b", "null"),
    ],
)
def test_what_is_no_file_is_named(run: Run, source: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        run.upload_file("a", source)

    assert run.get_file_names() == []


def test_a_missing_file_is_a_missing_file(run: Run) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run.upload_file("a", "nowhere")


def test_of_several_files_the_good_ones_are_kept(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("one").write_text("1")
    Path("two").write_text("2")
    with pytest.raises(TypeError, match="2 names and 1 paths"):
        run.upload_files(["a", "b"], ["one"])
    with pytest.raises(UserError, match="list"):
        run.upload_files("a", "one")
    with pytest.raises(InvalidName):
        run.upload_files(["a", "../b", "c", "a"], ["one", "one", "two", "two"])

    assert run.get_file_names() == ["a", "c"]
    assert text(run, "a") == "1"
    assert capsys.readouterr().err == "homerun: 'a' is given twice: the first path counts\n"


def test_a_folder_is_uploaded_without_the_store_and_with_links_that_stay_inside(
    experiment: Experiment, run: Run
) -> None:
    os.makedirs("source/sub")
    Path("source/sub/file").write_text("content")
    os.symlink("sub/file", "source/link")
    run.upload_folder("a", "source")
    run.upload_folder("", "source/sub")
    run.upload_folder("all/", ".")

    assert run.get_file_names() == [
        *("a/link", "a/sub/file", "all/source/link", "all/source/sub/file", "file"),
    ]
    assert text(run, "a/link") == "content"
    with pytest.raises(UserError, match="not a folder"):
        run.upload_folder("a", "source/link")


def test_originals_that_homerun_linked_itself_are_uploaded(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(".amlignore", "data/\n")
    script("data/table.csv", "1,2\n")
    script(
        "train.py",
        """
        import os
        from homerun import Run
        assert os.path.islink("data/table.csv")
        Run.get_context().upload_folder("data", "data")
        """,
    )

    run = submitted(experiment, copy_limit=0)

    assert text(run, "data/table.csv") == "1,2\n"


def test_a_run_that_is_over_takes_files(run: Run) -> None:
    run.complete()
    run.upload_file("report", io.BytesIO(b"late"))

    assert text(run, "report") == "late"


def test_what_was_uploaded_is_not_collected_again(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    for name in ("same", "changed", "new"):
        Path("outputs", name).write_text(name)
    run.upload_files(["outputs/same", "outputs/changed"], ["outputs/same", "outputs/changed"])
    Path("outputs/changed").write_text("later")
    run.complete()

    told = capsys.readouterr().err
    assert run.get_file_names() == ["outputs/changed", "outputs/new", "outputs/same"]
    assert text(run, "outputs/changed") == "changed"
    assert "a file: file 'outputs/changed' already exists" in told
    assert told.count("\n") == 1


# Downloads


@pytest.fixture
def kept(run: Run) -> Run:
    for name in ("outputs/a", "outputs/sub/b", "other"):
        run.upload_file(name, io.BytesIO(name.encode()))
    return run


def found(folder: str) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())


def test_a_file_goes_where_it_is_wanted(kept: Run) -> None:
    os.mkdir("folder")
    kept.download_file("outputs/sub/b")
    kept.download_file("outputs/a", "folder")
    kept.download_file("outputs/a", "new/")
    kept.download_file("outputs/a", Path("deep/er/file"))
    kept.download_file("other", "b")

    assert Path("b").read_text() == "other"
    for path in ("folder/a", "new/a", "deep/er/file"):
        assert Path(path).read_text() == "outputs/a"


def test_files_go_below_a_folder_with_or_without_their_prefix(kept: Run) -> None:
    kept.download_files(output_directory="all")
    kept.download_files("outputs", "with")
    kept.download_files("outputs/", "without", append_prefix=False)
    kept.download_files("outputs", "named", output_paths=["x", "y/z"])
    kept.download_files("outputs", append_prefix=False)

    assert found("all") == ["other", "outputs/a", "outputs/sub/b"]
    assert found("with") == ["outputs/a", "outputs/sub/b"]
    assert found("without") == ["a", "sub/b"]
    assert found("named") == ["x", "y/z"]
    assert found("outputs") == ["a", "sub/b"]


def test_output_paths_that_do_not_fit_are_left_out(
    kept: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.download_files("outputs", "got", output_paths=["one"])
    kept.download_files("outputs", "got", output_paths=["one", "one"])

    assert found("got") == ["outputs/a", "outputs/sub/b"]
    assert capsys.readouterr().err.count("output paths") == 2


def test_what_is_missing_is_named_with_what_there_is(kept: Run) -> None:
    with pytest.raises(
        UserError, match="no file 'outputs'; it has other, outputs/a, outputs/sub/b"
    ):
        kept.download_file("outputs")
    with pytest.raises(UserError, match="no files in 'outputs/a'; it has other, "):
        kept.download_files("outputs/a")
    for number in range(30):
        kept.upload_file(f"many/{number}", io.BytesIO(b""))
    with pytest.raises(UserError, match=r"many/29 and 9 more$|and 9 more$"):
        kept.download_file("nothing")


def test_a_download_that_fails_leaves_what_was_there(kept: Run, needs_strace: None) -> None:
    Path("here").write_text("before")
    code = f"""
from homerun import Run, Workspace
Run.get(Workspace.from_config(), {kept.id!r}).download_file("outputs/a", "here")
"""
    full = ("-e", "inject=copy_file_range,write:error=ENOSPC:when=1+")
    command = ["strace", "-f", "-qq", "-o", "/dev/null", *full, sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, check=False)

    assert done.returncode in (1, 120)  # 120: what says why cannot be written either
    assert Path("here").read_text() == "before"
    assert [name for name in os.listdir() if "download" in name] == []


# Logs


def test_logs_are_copied_and_told(experiment: Experiment, script: Callable[..., Path]) -> None:
    script("train.py", "open('logs/own.txt', 'wb').write(b'\\xff')\nprint('hello')")
    run = submitted(experiment)
    names = ["user_logs/std_log.txt", "logs/own.txt", "supervisor.log"]

    details = run.get_details_with_logs()
    paths = run.get_all_logs()
    elsewhere = run.get_all_logs("logs-of-it")

    assert list(run.get_details()["logFiles"]) == list(details["logFiles"]) == names
    assert details["logFiles"]["user_logs/std_log.txt"] == "hello\n"
    assert details["logFiles"]["logs/own.txt"] == "\ufffd"
    assert {**details, "logFiles": 0} == {**run.get_details(), "logFiles": 0}
    assert paths == [f"assets/{run.id}/{name}" for name in names]
    assert elsewhere == [f"logs-of-it/{name}" for name in names]
    assert Path(paths[0]).read_text() == "hello\n"
    with pytest.raises(UserError, match="cannot be written"):
        run.get_all_logs(paths[0])


# Code


def test_a_snapshot_comes_back_as_the_same_archive_with_its_originals(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(".amlignore", "data/\n")
    script("train.py", "")
    script("data/table.csv", "1,2\n")
    script("lib/tool.py", "tool = 1\n")
    os.symlink("lib/tool.py", "source/link.py")
    run = submitted(experiment)

    first = Path(run.restore_snapshot(path="one"))
    second = Path(run.restore_snapshot(run.get_snapshot_id(), Path("two")))

    assert first == Path.cwd() / "one" / f"{run.get_snapshot_id()}.zip"
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
        assert archive.read("data/table.csv") == b"1,2\n"
        assert archive.read("lib/tool.py") == b"tool = 1\n"
        assert archive.read("link.py") == b"lib/tool.py"
    with pytest.raises(UserError, match="no snapshot 'nothing'"):
        run.restore_snapshot("nothing")


def test_a_backslash_in_a_name_divides_nothing_in_an_archive(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", r"""open(r"outputs/..\..\evil.txt", "w").close()""")
    script(r"..\code.py", "")
    run = submitted(experiment)

    with zipfile.ZipFile(run.restore_snapshot(path="zips")) as code:
        names = code.namelist()
    files = zipfile.ZipFile(io.BytesIO(b"".join(archive.zip_of_folder(run._record))))

    assert sorted(names) == [".._code.py", "train.py"]
    assert "outputs/.._.._evil.txt" in files.namelist()


def test_an_original_that_changed_or_is_gone_is_named(
    experiment: Experiment, script: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    script(".amlignore", "*.csv\n")
    script("train.py", "")
    gone, changed = script("gone.csv", "1"), script("changed.csv", "1")
    run = submitted(experiment)
    gone.unlink()
    changed.write_text("other")

    path = run.restore_snapshot(path="zips")

    told = capsys.readouterr().err
    assert "gone.csv is left out" in told
    assert "changed.csv is not as it was" in told
    assert sorted(zipfile.ZipFile(path).namelist()) == [".amlignore", "changed.csv", "train.py"]


def test_a_run_without_code_takes_one_snapshot(run: Run, script: Callable[..., Path]) -> None:
    script("train.py", "print(1)\n")
    script("more.py", "")
    assert run.get_snapshot_id() is None
    with pytest.raises(UserError, match="no snapshot"):
        run.restore_snapshot()
    with pytest.raises(UserError, match="cannot be read"):
        run.take_snapshot("nowhere")

    taken = run.take_snapshot("source/train.py")

    assert run.get_snapshot_id() == run.properties["ContentSnapshotId"] == taken
    assert zipfile.ZipFile(run.restore_snapshot(path="zips")).namelist() == ["train.py"]
    with pytest.raises(UserError, match="has a snapshot already"):
        run.take_snapshot("source")


# Without a run


def test_an_offline_run_says_what_it_was_given(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.get_context()
    os.makedirs("made/sub")
    Path("made/sub/a").write_text("content")

    run.upload_file("outputs/a", "made/sub/a")
    run.upload_file("stream", io.BytesIO(b""))
    run.upload_files(["x", "y"], ["made/sub/a", "nowhere"], timeout_seconds=5)
    run.upload_folder("folder", "made")
    run.download_file("outputs/a", "copy")

    first, second, third, fourth = capsys.readouterr().out.splitlines()
    assert first == "Attempted to track file outputs/a at made/sub/a"
    assert second.startswith("Attempted to track file stream at <_io.BytesIO object")
    assert third == (
        "Attempted to track files ['x', 'y'] at ['made/sub/a', 'nowhere'] with timeout 5s"
    )
    assert fourth == "Attempted to track folder folder at made"
    assert run.get_file_names() == ["folder/sub/a", "outputs/a", "stream", "x", "y"]
    assert Path("copy").read_text() == "content"
    assert (run.get_all_logs(), run.get_snapshot_id()) == ([], None)
    assert run.get_details_with_logs() == run.get_details()
    for refused in (
        lambda: run.download_file("stream"),
        lambda: run.download_files("folder"),
        lambda: run.take_snapshot("made"),
        run.restore_snapshot,
    ):
        with pytest.raises(UserError):
            refused()
    assert os.listdir("made") == ["sub"]
