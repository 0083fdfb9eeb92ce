"""Images and JSON metrics: files of the run, and a point that names each."""

from __future__ import annotations

import json
import math
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from helpers import children
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from homerun.metrics import files as metric_files
from homerun.metrics.artifact import MetricArtifact
from homerun.metrics.logger import MetricLogger
from runstore.metrics import log as metric_log

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}
MATRIX = {
    "schema_type": "confusion_matrix",
    "schema_version": "1.0.0",
    "data": {"class_labels": ["a", "b"], "matrix": [[1, 2], [3, 4]]},
}
JSON_METRICS = ("confusion_matrix", "accuracy_table", "residuals", "predictions")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(shade: int = 0) -> bytes:
    """An image of one pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(bytes([0, shade]))
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


class Figure:
    """What matplotlib's figures and pyplot are to `log_image`."""

    def __init__(self, data: bytes = png()) -> None:
        self.data = data

    def savefig(self, stream: BinaryIO, *, format: str) -> None:
        assert format == "png"
        stream.write(self.data)

    def __repr__(self) -> str:
        return "Figure(640x480)"


def log_document(run: Run, kind: str, *given: Any) -> None:
    getattr(run, f"log_{kind}")(*given)


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "files")


@pytest.fixture
def run(experiment: Experiment) -> Iterator[Run]:
    with experiment.start_logging(**BARE) as run:
        yield run
    run._metrics.close()  # pytest keeps the run until after the leak check


def seen(run: Run) -> Run:
    return Run.get(run.experiment.workspace, run.id)


def address(run: Run, name: str) -> str:
    return f"aml://artifactId/ExperimentRun/dcid.{run.id}/{name}"


# Images


def test_a_plot_becomes_a_file_named_by_metric_and_second(run: Run) -> None:
    run.log_image("curve", plot=Figure(png(7)))

    text = seen(run).get_metrics()["curve"]
    stem, second = text.removesuffix(".png").rsplit("_", 1)
    artifact = seen(run).get_metrics("curve", populate=True)["curve"]

    assert stem == address(run, "curve")
    assert int(second) > 1_700_000_000
    assert isinstance(artifact, MetricArtifact)
    assert (artifact.data, artifact.uri) == (png(7), text)
    assert artifact.convert_to_object().read() == png(7)
    assert str(artifact) == f"curve_{second}.png"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("plot.png", "plot.png"),
        ("./figures/a.png", "figures/a.png"),
        ("figures//x/../a.png", "figures/x/a.png"),
        ("no suffix", "no suffix"),
    ],
)
def test_an_image_file_keeps_its_path_as_it_was_given(run: Run, given: str, name: str) -> None:
    os.makedirs("figures/x")
    Path(given).write_bytes(png())

    run.log_image("m", given, description="why")

    assert seen(run).get_metrics() == {"m": address(run, name)}
    assert seen(run).get_metrics(populate=True)["m"].data == png()


def test_a_path_from_elsewhere_is_made_relative(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())

    run.log_image("absolute", path=tmp_path / "a.png")
    run.log_image("above", path="../a.png")

    names = {"absolute": str(tmp_path / "a.png")[1:], "above": "a.png"}
    assert seen(run).get_metrics() == {key: address(run, name) for key, name in names.items()}


def test_the_file_is_as_it_was_when_it_was_logged(run: Run) -> None:
    for shade in range(3):
        Path("a.png").write_bytes(png(shade))
        run.log_image("m", "a.png")
    os.unlink("a.png")

    stored = metric_log.read(run.directory)[0]["m"]

    assert stored.values == ["a.png", "a_2.png", "a_3.png"]
    assert [metric_files.read(run.directory, n) for n in stored.values] == [*map(png, range(3))]
    assert seen(run).get_metrics() == {"m": address(run, "a.png")}  # the first one, as there


def test_an_image_of_outputs_is_called_by_its_path_and_kept_as_it_was(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        import os
        from homerun import Run
        run = Run.get_context()
        for number in range(3):
            with open("outputs/a.png", "wb") as file:
                file.write(b"\\x89PNG\\r\\n\\x1a\\n%d" % number)
            run.log_image("m", path="outputs/a.png")
        run.log_residuals("logs/r", {"a": 1})
        """,
    )

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()
    names = [metric_files.names(v)[1] for v in metric_log.read(run.directory)[0]["m"].values]

    assert run.get_metrics() == {
        "m": address(run, "outputs/a.png"),
        "logs/r": address(run, "logs%2Fr"),
    }
    assert [metric_files.read(run.directory, name)[-1:] for name in names] == [b"0", b"1", b"2"]
    assert run.get_metrics(populate=True)["m"].data.endswith(b"0")
    assert run.get_metrics(populate=True)["logs/r"].convert_to_object() == {"a": 1}
    assert os.listdir(f"{run.directory}/outputs") == ["a.png"]
    logs = f"{run.directory}/logs"
    wait_until(lambda: not os.path.lexists(logs), "its supervisor has tidied up: no file is there")


HEADS = {
    "png": png(),
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "gif": b"GIF89a\1\0\1\0",
    "bmp": b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0",
    "tiff": b"II*\0\x08\0\0\0",
    "big-endian tiff": b"MM\0*\0\0\0\x08",
    "webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "ppm": b"P6\n1 1\n255\n\0\0\0",
    "avif": b"\0\0\0\x20ftypavif",
}


@pytest.mark.parametrize("data", HEADS.values(), ids=HEADS.keys())
def test_an_image_is_told_by_its_first_bytes(run: Run, data: bytes) -> None:
    Path("image.dat").write_bytes(data + b"rest" * 1000)

    run.log_image("m", path="image.dat")

    assert seen(run).get_metrics(populate=True)["m"].data == data + b"rest" * 1000


MISUSE: dict[str, Callable[[Run], None]] = {
    "path and plot": lambda r: r.log_image("m", "a.png", Figure()),
    "neither": lambda r: r.log_image("m"),
    "a figure as path": lambda r: r.log_image("m", Figure()),  # type: ignore[arg-type]
    "no figure": lambda r: r.log_image("m", plot="a.png"),
    "a plot that saves nothing": lambda r: r.log_image("m", plot=Figure(b"")),
    "an empty file": lambda r: r.log_image("m", "empty.png"),
    "a text": lambda r: r.log_image("m", "text.png"),
    "a text that begins as a bitmap": lambda r: r.log_image("m", "bm.bmp"),
    "a folder": lambda r: r.log_image("m", "."),
    "a device": lambda r: r.log_image("m", os.devnull),
    "no path": lambda r: r.log_image("m", "a\0.png"),
    "no name": lambda r: r.log_image(5, "a.png"),  # type: ignore[arg-type]
    **{
        f"{kind}: {what}": lambda r, kind=kind, value=value: log_document(r, kind, "m", value)
        for kind in JSON_METRICS
        for what, value in {
            "no JSON": '{"a":',
            "no text": "",
            "a list": [1],
            "none": None,
            "a number": 5,
            "an object in it": {"a": object()},
            "a set in it": {"a": {1}},
            "bytes": b"{}",
            "a huge number": {"a": 10**5000},
            "a key that is none": {(1, 2): 3},
        }.items()
    },
    "no name of a matrix": lambda r: r.log_confusion_matrix(None, MATRIX),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("misuse", MISUSE.values(), ids=MISUSE.keys())
def test_what_is_no_image_or_no_json_is_refused_and_leaves_nothing(
    run: Run, misuse: Callable[[Run], None]
) -> None:
    Path("a.png").write_bytes(png())
    Path("empty.png").write_bytes(b"")
    Path("text.png").write_text("no image")
    Path("bm.bmp").write_text("BMW builds cars")

    for one in (run, Run.get_context()):
        with pytest.raises(UserError) as refused:
            misuse(one)
        assert "\n" not in str(refused.value)
        assert one.get_metrics() == {}


def test_a_file_that_is_missing_is_said_to_be(run: Run) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        run.log_image("m", path="missing.png")

    assert run.get_metrics() == {}


def test_json_nested_in_itself_is_refused(run: Run) -> None:
    knot: dict[str, Any] = {}
    knot["knot"] = knot

    with pytest.raises(UserError, match="nested too deep"):
        run.log_residuals("m", knot)
    with pytest.raises(UserError, match="is not JSON"):
        run.log_residuals("m", "[" * 100_000 + "]" * 100_000)


# JSON metrics


@pytest.mark.parametrize("kind", JSON_METRICS)
def test_a_json_metric_becomes_a_file_of_its_name(run: Run, kind: str) -> None:
    log_document(run, kind, "as a dict", MATRIX)
    log_document(run, kind, "as text", json.dumps(MATRIX), "a description")

    found = seen(run).get_metrics()
    files = seen(run).get_metrics(populate=True)

    assert found == {name: address(run, name) for name in ("as a dict", "as text")}
    assert [file.convert_to_object() for file in files.values()] == [MATRIX, MATRIX]
    assert {file.kind for file in files.values()} == {kind}
    assert json.loads(files["as text"].data) == MATRIX


def test_arrays_and_scalars_of_other_libraries_become_lists_and_numbers(run: Run) -> None:
    value = {
        "matrix": np.array([[1, 2], [3, 4]]),
        "one": np.array([7.5]),
        "zero_d": np.array(3),
        "none": np.empty((0, 2)),
        "labels": np.array(["a", "b"]),
        "dates": np.array(["2026-11-21", "NaT"], dtype="M8[ns]"),
        "masked": np.ma.array([1, 2], mask=[False, True]),
        "mixed": [np.float32(0.5), np.int64(3), np.bool_(True), (1, None), range(2)],
        "bad": [math.nan, np.float64("-inf")],
        np.int64(1): {True: 1, None: 2, 0.5: 3, np.str_("x"): 4},
    }

    run.log_predictions("m", value)  # type: ignore[arg-type]
    artifact = seen(run).get_metrics(populate=True)["m"]
    found = artifact.convert_to_object()

    bad = found.pop("bad")
    assert math.isnan(bad[0])
    assert bad[1] == -math.inf
    assert found == {
        "matrix": [[1, 2], [3, 4]],
        "one": [7.5],
        "zero_d": 3,
        "none": [],
        "labels": ["a", "b"],
        "dates": ["2026-11-21T00:00:00.000000000", None],
        "masked": [1, None],
        "mixed": [0.5, 3, True, [1, None], [0, 1]],
        "1": {"true": 1, "null": 2, "0.5": 3, "x": 4},
    }
    json.loads(artifact.data, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


NAMES = {
    "a/b": "a/b",
    "/etc/passwd": "etc/passwd",
    "../../x": "x",
    "größe ü.json": "größe ü.json",
    "a\0b\n": "a%00b%0A",
    "\udc80": "%ED%B2%80",
    "": "confusion_matrix",
    "..": "confusion_matrix",
}


def test_odd_names_are_made_safe_for_files_and_come_back_as_they_were(run: Run) -> None:
    for name in NAMES:
        run.log_confusion_matrix(name, {"name": name})

    found = seen(run).get_metrics(populate=True)

    assert {name: file.convert_to_object() for name, file in found.items()} == {
        name: {"name": name} for name in NAMES
    }
    names = [file.name for file in found.values()]
    assert names == [*list(NAMES.values())[:-1], "confusion_matrix_2"]


@pytest.mark.parametrize(
    "name",
    ["x" * 10_000, "é" * 10_000, "a/" * 5_000, "\0" * 10_000, "x" * 10_000 + ".json"],
    ids=["letters", "two bytes each", "folders", "NUL", "with a suffix"],
)
def test_a_name_of_ten_thousand_characters_is_a_file_that_can_be(run: Run, name: str) -> None:
    run.log_residuals(name, {"a": 1})
    run.log_image(name, plot=Figure())

    found = seen(run).get_metrics(populate=True)[name]
    other = metric_log.read(run.directory)[0][name].values[1]

    assert found.convert_to_object() == {"a": 1}
    assert metric_files.read(run.directory, other) == png()
    assert other.endswith(".png")
    assert max(len(part.encode()) for part in found.name.split("/")) <= 200


def test_names_that_are_one_file_name_are_different_files(run: Run) -> None:
    for name in ("a", "./a", "/a", "a/b", "a"):
        run.log_residuals(name, {"name": name})

    files = [v for s in metric_log.read(run.directory)[0].values() for v in s.values]

    assert len(set(files)) == 5
    written = [json.loads(metric_files.read(run.directory, name))["name"] for name in files]
    assert sorted(written) == sorted(["a", "a", "./a", "/a", "a/b"])


def test_the_first_kind_of_a_name_counts(run: Run) -> None:
    run.log_confusion_matrix("m", MATRIX)
    run.log("m", 1)
    run.log_residuals("m", {})
    run.log("n", 1)
    run.log_image("n", plot=Figure())
    run.log("n", 2)

    assert seen(run).get_metrics() == {"m": address(run, "m"), "n": [1, 2]}


def test_the_files_of_a_family_are_given_by_run(run: Run) -> None:
    child = run.child_run("child")
    for one in (run, child):
        one.log_residuals("r", {"id": one.id})
    child.complete()
    child._metrics.close()

    texts = seen(run).get_metrics(recursive=True)
    files = seen(run).get_metrics("r", recursive=True, populate=True)

    assert texts == {one.id: {"r": address(one, "r")} for one in (run, child)}
    assert {key: found["r"].convert_to_object()["id"] for key, found in files.items()} == {
        run.id: run.id,
        child.id: child.id,
    }


# Whatever happens


def test_racing_processes_lose_no_file_and_no_point(run: Run) -> None:
    def work(number: int) -> None:
        for turn in range(10):
            run.log_residuals("r", {"id": [number, turn]})
        run._metrics.close()

    children.race(4, work)

    names = metric_log.read(run.directory)[0]["r"].values
    ids = [json.loads(metric_files.read(run.directory, name))["id"] for name in names]
    assert sorted(ids) == [[number, turn] for number in range(4) for turn in range(10)]


def test_wherever_a_process_is_killed_no_point_names_a_missing_file(tmp_path: Path) -> None:
    deaths, is_dead = 0, True
    while is_dead:
        folder = tmp_path / str(deaths)
        folder.mkdir()
        is_dead = children.dies_at(deaths + 1, lambda at=folder: _log_residuals(at))  # type: ignore[misc]
        found = metric_log.read(str(folder))[0]
        for name in found["r"].values if found else []:
            assert json.loads(metric_files.read(str(folder), name)) == {"a": [1, 2]}
        assert bool(found) or is_dead
        deaths += is_dead

    assert 3 <= deaths <= 30


def _log_residuals(folder: Path) -> None:
    MetricLogger(str(folder)).add("residuals", "r", {"a": [1, 2]})


def test_a_full_disk_costs_the_point_and_not_the_training(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        import resource, signal
        from homerun import Run
        run = Run.get_context()
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        run.log_residuals("r", {"a": 1})
        for _ in range(3):
            run.log_predictions("p", {"a": "x" * 10_000})
        run.log("loss", 0.5)
        print("dropped", run.dropped)
        """,
    )

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()
    output = b"".join(run.stream()).decode()

    assert run.get_metrics() == {"r": address(run, "r"), "loss": 0.5}
    assert "dropped 3\n" in output
    assert output.count("cannot be stored and are dropped") == 1
    assert "3 metric points could not be stored" in output


def test_a_file_that_was_removed_is_missed_only_when_it_is_read(run: Run) -> None:
    run.log_residuals("r", {})
    with open(f"{run.directory}/metrics/1-foreign.jsonl", "w") as file:
        file.write('\n{"n":"gone","v":"gone","k":"image","t":9e9}\n')
        file.write('\n{"n":"out","v":"../../store.json","k":"image","t":9e9}\n')
        for number, value in enumerate(("5", "{}", '{"name":1,"file":"a"}', "[]", "null")):
            file.write(f'\n{{"n":"odd{number}","v":{value},"k":"image","t":9e9}}\n')

    found = run.get_metrics(populate=True)

    assert found["r"].convert_to_object() == {}
    for name in ("gone", "out"):
        with pytest.raises(Exception, match=r"gone|store\.json") as missing:
            assert found[name].data is None
        assert "\n" not in str(missing.value)
    assert run.get_metrics("gone") == {"gone": address(run, "gone")}


READER = """
import json, sys
from homerun import Run, Workspace
run = Run.get(Workspace.from_config(), sys.argv[1])
for _ in sys.stdin:
    print(json.dumps(run.get_metrics()), flush=True)
"""


def test_another_process_sees_a_metric_as_soon_as_log_returns(run: Run) -> None:
    command = [sys.executable, "-c", READER, run.id]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None

        def read() -> Any:
            reader.stdin.write("\n")  # type: ignore[union-attr]
            reader.stdin.flush()  # type: ignore[union-attr]
            return json.loads(reader.stdout.readline())  # type: ignore[union-attr]

        expected: dict[str, Any] = {}
        assert read() == expected
        for number in range(1, 4):
            run.log("loss", number)
            expected["loss"] = [*range(1, number + 1)] if number > 1 else 1
            assert read() == expected
        run.log_row("row", x=1)
        assert read()["row"] == {"x": 1}
        run.log_confusion_matrix("matrix", MATRIX)
        assert read()["matrix"] == address(run, "matrix")
        run.log_image("image", plot=Figure())
        assert read()["image"].startswith(address(run, "image_"))
        reader.stdin.close()


# Offline


def test_an_offline_run_prints_files_in_the_words_of_the_original_and_keeps_them(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.get_context()
    Path("a.png").write_bytes(png())

    run.log_image("i", plot=Figure())
    run.log_image("j", path="a.png")
    for kind in JSON_METRICS:
        log_document(run, kind, kind[0], {"a": 1})
    run.log_residuals("r", {"a": 2})
    run.log_row("row", x=np.int64(1))
    run.log("\udc80", 1)

    words = ("confusion_matrix", "accuracy_table", "residual", "predictions")
    assert capsys.readouterr().out.splitlines() == [
        "Attempted to log image metric i:",
        "Figure(640x480)",
        "Attempted to log image metric j:",
        "a.png",
        *[line for w in words for line in (f"Attempted to log {w} metric {w[0]}:", "{'a': 1}")],
        "Attempted to log residual metric r:",
        "{'a': 2}",
        "Attempted to log row metric row:",
        "{'x': 1}",
        "Attempted to log scalar metric \\udc80:",
        "1",
    ]
    files = run.get_metrics(populate=True)
    assert run.get_metrics("j") == {"j": address(run, "a.png")}
    assert files["i"].data == files["j"].data == png()
    assert files["r"].convert_to_object() == {"a": 1}
    assert run.get_metrics(recursive=True) == {run.id: run.get_metrics()}
