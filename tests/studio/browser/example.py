"""A store with runs of every kind, made by real submits, for people and pictures to look at."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest import mock

from helpers.wait import holds_within
from homerun import Dataset, Experiment, Model, Run, ScriptRunConfig, Workspace
from homerun.snapshots import git
from runstore.metrics import samples

GIT_WAIT_S = 20.0

TRAIN = '''
"""Train a small model, so to say: numbers fall, pictures and tables are written."""
import argparse, csv, json, math, os, random, struct, zlib
from homerun import Run

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
random.seed(args.seed)
run = Run.get_context()
run.tag("model", "resnet18" if args.seed % 2 else "mlp")
run.add_properties({"data": "digits-2024", "framework": "numpy 2.1"})


def picture(path, hue):
    rows = b"".join(
        b"\\0" + bytes(
            channel
            for x in range(160)
            for channel in (
                int(128 + 100 * math.sin(x / 20 + hue)),
                int(128 + 100 * math.sin(y / 15 + x / 40)),
                int(128 + 100 * math.cos(y / 25 - hue)),
            )
        )
        for y in range(100)
    )
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    head = struct.pack(">IIBBBBB", 160, 100, 8, 2, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


os.makedirs("outputs/checkpoints", exist_ok=True)
print("\\x1b[1mdigits\\x1b[0m: 1437 to learn from, 360 held out")
for epoch in range(1, args.epochs + 1):
    for step in range(0, 101, 20):
        print(f"\\repoch {epoch:3d} {'#' * (step // 5):20s} {step:3d}%", end="")
    loss = 2.3 * math.exp(-args.lr * epoch / 2) + 0.08 + random.random() * 0.06
    accuracy = 1 - loss / 2.6 - random.random() * 0.02
    run.log("loss", loss, step=epoch)
    run.log("accuracy", accuracy, step=epoch)
    run.log("lr", args.lr * (1 + math.cos(math.pi * epoch / args.epochs)) / 2, step=epoch)
    run.log("grad_norm", 3 * loss + random.random(), step=epoch)
    print(f"  loss {loss:.4f}  accuracy \\x1b[32m{accuracy:.4f}\\x1b[0m")
    if epoch % 20 == 0:
        print(f"\\x1b[33mWARNING\\x1b[0m the learning rate is lowered to {args.lr / epoch:.5f}")
for hue in range(3):
    picture(f"filters-{hue}.png", hue)
    run.log_image("filters", path=f"filters-{hue}.png")
run.log_table("per digit", {"digit": list(range(10)), "recall": [round(0.9 + random.random() / 10, 3) for _ in range(10)]})
picture("outputs/confusion.png", 2)
with open("outputs/predictions.csv", "w") as file:
    rows = csv.writer(file)
    rows.writerow(["image", "digit", "guess", "sure"])
    rows.writerows([i, i % 10, (i * 7) % 10 if i % 9 == 0 else i % 10, round(random.random(), 3)] for i in range(60))
with open("outputs/report.json", "w") as file:
    json.dump({"accuracy": accuracy, "classes": list(range(10)), "seed": args.seed}, file)
with open("outputs/checkpoints/last.bin", "wb") as file:
    file.write(bytes(range(256)) * 400)
print("done")
'''

BROKEN = """
from homerun import Run
run = Run.get_context()
run.log("rows", 12000)
print("reading part 3 of 12")
raise ValueError("part 3: 12 columns expected, 11 found")
"""

LIVE = """
import math, time
from homerun import Run
run = Run.get_context()
print("up", flush=True)
for step in range(100000):
    run.log("loss", 1 / (1 + step / 20) + 0.02 * math.sin(step))
    run.log("throughput", 900 + 40 * math.sin(step / 7))
    print(f"step {step}: loss {1 / (1 + step / 20):.4f}", flush=True)
    time.sleep(0.2)
"""

PARENT = """
from homerun import Run
run = Run.get_context()
for fold in range(5):
    child = run.child_run(name=f"fold-{fold}")
    child.tag("fold", str(fold))
    child.log_params({"width": 16 << fold % 3, "rate": 0.1 / (1 + fold)})
    for epoch in range(10):
        child.log("loss", 1 / (1 + epoch) + fold / 50)
    if fold == 3:
        child.fail("the fold is empty")
    else:
        child.complete()
run.log("mean loss", 0.16)
"""


SOURCE = "source"
SCRIPTS = {"train.py": TRAIN, "broken.py": BROKEN, "live.py": LIVE, "folds.py": PARENT}
RATES = ((0.05, 0), (0.1, 1), (0.2, 2), (0.3, 3), (0.1, 4), (0.05, 5))


def fill(folder: Path) -> Workspace:
    """Fill the store of a folder with ended runs of two experiments."""
    source = folder / SOURCE
    source.mkdir(parents=True)
    for name, text in SCRIPTS.items():
        (source / name).write_text(text.lstrip("\n"), encoding="utf-8")
    _commit(source)
    (source / "notes.md").write_text("# What to try next\n\nMore epochs.\n", encoding="utf-8")
    workspace = Workspace.from_config(str(folder))
    ended = []
    for number, (rate, seed) in enumerate(RATES):
        words = ["--lr", str(rate), "--seed", str(seed)]
        tags = {"quality": ("good", "fair")[number % 2]}
        ended.append(submit(workspace, "digits", folder, "train.py", words, tags))
    ended[1].tag("best", None)
    ended.append(submit(workspace, "digits", folder, "broken.py", tags={"quality": "bad"}))
    for name in ("folds.py", "broken.py", "folds.py"):
        ended.append(submit(workspace, "prepare-data", folder, name))
    for run in ended:
        run.wait_for_completion(raise_on_error=False)
    ended[1].description = "The learning rate of the paper, with the larger network."
    ended[1].display_name = "baseline"
    _sample(ended[1])
    _register(workspace, ended)
    return workspace


def _register(workspace: Workspace, runs: Sequence[Run]) -> None:
    """Register models of some runs, in versions, and one by hand."""
    images = Dataset.File.from_files(runs[0].directory).register(workspace, "digits-2024")
    for run, accuracy in zip(runs, ("0.951", "0.968", "0.972")):
        run.register_model(
            "digits-net",
            "outputs/checkpoints",
            tags={"accuracy": accuracy, "stage": "candidate"},
            properties={"framework": "numpy 2.1"},
            description="The network that reads digits, as the last epoch has left it.",
            datasets=[("training", images)],
            model_framework="Custom",
        )
    runs[2].register_model("report", "outputs/report.json")
    Model.register(workspace, Path(workspace.directory).parent / SOURCE, "scripts")


def _sample(run: Run) -> None:
    """Give a run the samples of a minute: such a run takes longer than a test may."""
    log, begun = samples.SampleLog(run.directory), time.time_ns()
    for at in range(12):
        busy = 390 - 20 * (at % 3) if 1 < at < 10 else 40 * (at + 1) % 97
        values = {
            "cpu_percent": busy if at else None,
            "memory": (400 + 130 * at) << 20,
            "shared_once": None if at % 6 else (300 + 90 * at) << 20,
            "threads": 5 if at < 3 else 21,
            "processes": 1 if at < 3 else 5,
            "read_bytes": min(at, 4) * 900 << 20,
            "written_bytes": at // 4 * 250 << 20,
        }
        moment = begun + at * 5 * 10**9
        with mock.patch.object(samples, "time_ns", lambda moment=moment: moment):
            log.add(values)


def submit_clean(workspace: Workspace, folder: Path) -> Run:
    """A run of a folder in which everything is committed, once git has said so."""
    source = folder / "clean"
    source.mkdir()
    (source / "broken.py").write_text(BROKEN, encoding="utf-8")
    _commit(source)
    run = Experiment(workspace, "clean").submit(ScriptRunConfig(str(source), "broken.py"))
    run.wait_for_completion(raise_on_error=False)
    assert holds_within(lambda: run.get_properties().get(git.DIRTY) == "False", GIT_WAIT_S)
    return run


def go_on(workspace: Workspace, folder: Path) -> list[Run]:
    """Two runs that go on until they are cancelled, and two that wait for a slot."""
    workspace.targets.add("gpu", slots=1)
    first = submit(workspace, "digits", folder, "live.py")
    return [first, *(submit(workspace, "nightly", folder, "live.py", target="gpu") for _ in "123")]


def submit(
    workspace: Workspace,
    experiment: str,
    folder: Path,
    script: str,
    arguments: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    target: str | None = None,
) -> Run:
    """Submit one of the scripts."""
    config = ScriptRunConfig(
        str(folder / SOURCE), script, arguments=list(arguments), compute_target=target
    )
    return Experiment(workspace, experiment).submit(config, tags=tags)


def _commit(source: Path) -> None:
    def call(*words: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", *who, *words], cwd=source, check=True, capture_output=True)

    call("init", "-q", "-b", "main")
    call("add", ".")
    call("commit", "-q", "-m", "first")
