"""Links that stand inside a store, planted by a script or kept by a copy: none leads out of it.

Every kind of file and folder that a store holds is replaced by a link to a canary outside: what
lay there, or a name that is not there yet. Then all commands, the calls of the SDK and all routes
of Studio run over that store, and the canaries are as they were.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

import pytest

from helpers.asgi import Client
from helpers.trusted import trusted
from homerun import Dataset, Experiment, Model, Workspace
from homerun.base.errors import HomerunError
from homerun.cli import entry
from homerun.cli.command_table import COMMANDS as COMMAND_TABLE
from homerun.cli.command_table import DIRECT
from homerun.studio import app, routes
from homerun.studio.http.auth import Door
from homerun.studio.http.middleware import Hosts
from homerun.studio.state import Desk
from runstore import layout
from runstore.errors import StoreError
from runstore.store import Store
from runstore.upkeep.check import check

TRAIN = """
    import sys
    from homerun import Run

    run = Run.get_context()
    run.log("loss", 0.5)
    run.tag("a", "1")
    run.add_properties({"p": "1"})
    run.child_run().complete()
    open("outputs/model.txt", "w").write("model")
    sys.exit(3 if "fail" in sys.argv else 0)
"""

BUILD = """
    import subprocess
    import sys

    from homerun import Dataset, Environment, Experiment, ScriptRunConfig, Workspace

    workspace = Workspace.from_config()
    Environment("packages").register(workspace)
    from homerun.assets import saved_views
    saved_views.save_view(workspace.store, "best", "runs", {"sort": ["-created"]})
    experiment = Experiment(workspace, "train")
    for number, arguments in enumerate((["ok"], ["fail"], ["gone"])):
        config = ScriptRunConfig(
            "source", "train.py", arguments, max_retries=number % 2, retry_delay_s=0.01
        )
        run = experiment.submit(config, run_id=f"train_{number}")
        run.wait_for_completion(raise_on_error=False)
    run.delete()
    experiment.tag("kept", "yes")
    notes = Experiment(workspace, "notes")
    made = notes.start_logging(run_id="digits-1", snapshot_directory=None, outputs=False)
    for step in range(40_000):
        made.log("loss", 1.0 / (step + 1), step=step)
    made.tag("a", "1")
    made.upload_file("table.csv", "source/train.py")
    made.child_run(run_id="digits-2").complete()
    model = made.register_model("net", "table.csv", tags={"a": "1"}, properties={"p": "1"})
    model.add_tags({"b": "2"})
    model.add_properties({"q": "2"})
    datastore = workspace.get_default_datastore()
    datastore.upload("source", target_path="mine")
    data = Dataset.File.from_files((datastore, "mine"))
    data.register(workspace, "data").add_tags({"b": "2"})
    made.complete()
    homerun = [sys.executable, "-m", "homerun"]
    for line in (
        "target add small --slots 1",
        "queue pause --target small",
        "run submit-script -e train --run-id train_9 --target small --async source/train.py",
        "run list --where metrics.loss<1",
        "run update -r digits-1 --add-tag b=2",
    ):
        subprocess.run([*homerun, *line.split()], check=True, capture_output=True)
    from runstore.metrics import numbers, samples
    numbers.Numbers(made.directory).close()
    from homerun.metrics.usage import roll
    from runstore.fs import atomic, facts
    from runstore.run import identity
    sampled = next(iter(workspace.get_runs(where="arguments = ok")))
    for percent in (50, 100):
        samples.SampleLog(sampled.directory).add({"cpu_percent": percent, "memory": 1000})
    from homerun.metrics.rules import rule
    fired = rule.Rule(1, "tag", "good: metrics.loss > 0")
    rule.publish(sampled.directory, fired, {"metrics.loss": 1.0}, 1)
    facts.publish(sampled.directory, "usage.json", samples.totals(sampled.directory))
    here = atomic.make_folders(".runs", ".sampler", roll.place_name(identity.here()))
    for name in ("lock", "train_9"):
        atomic.write(f"{here}/{name}", b"train\\n")
    open(".runs/.owners/99999999-0123456789abcdef", "w").close()
"""

RUN = "train/train_*"
PLACES = [
    *("store.json", "settings.json", ".gitignore", "workspace.json", ".maintenance.lock"),
    *(".ids", ".ids/*", ".owners", ".owners/99999999-0123456789abcdef"),
    *(".snapshots", ".snapshots/.seen", ".snapshots/.seen/*", ".snapshots/*"),
    *(".snapshots/*/manifest.json", ".snapshots/*/used", ".snapshots/*/tree"),
    *(".trash", ".trash/train", f".trash/{RUN}", f".trash/{RUN}/deleted.json"),
    *(f".trash/{RUN}/children", ".environments", ".environments/*", ".environments/*/*"),
    *(".views", ".views/*"),
    *(".interpreters", ".interpreters/*", ".index", ".index/marks", f".index/{layout.INDEX_FILE}"),
    *(f".index/{layout.INDEX_FILE}-{end}" for end in ("wal", "shm", "journal")),
    *(".index/verifying.lock", ".index/series", ".index/series/*", ".index/series/*/points-2"),
    *(".index/series/*/points-2.new", ".queue", ".queue/small", ".queue/small/.paused"),
    *(".queue/small/.tickets", ".queue/small/[0-9]*", ".queue/local", ".queue/local/.paused"),
    *(".sampler", ".sampler/*", ".sampler/*/lock", ".sampler/*/train_9"),
    *(".slots", ".slots/small", ".slots/local", ".slots/local/*", ".slots/small/*"),
    *("train", "train/ledger", "train/experiment.json", "train/.labels", "train/.labels/*"),
    *(RUN, f"{RUN}/run.json", f"{RUN}/started.json", f"{RUN}/exited.json", f"{RUN}/ended.json"),
    *(f"{RUN}/stop.json", f"{RUN}/failed.json", f"{RUN}/mark.json", f"{RUN}/interpreter.json"),
    *(f"{RUN}/alive", f"{RUN}/queued.json", f"{RUN}/supervisor.log", f"{RUN}/.copies"),
    *(f"{RUN}/user_logs", f"{RUN}/user_logs/std_log.txt", f"{RUN}/user_logs/std_log_2.txt"),
    *(f"{RUN}/metrics", f"{RUN}/metrics/*.jsonl", f"{RUN}/labels", f"{RUN}/labels/*.jsonl"),
    *(f"{RUN}/system", f"{RUN}/system/*.jsonl", f"{RUN}/usage.json"),
    *(f"{RUN}/rules", f"{RUN}/rules/1.json"),
    *(f"{RUN}/properties", f"{RUN}/properties/*", f"{RUN}/children", f"{RUN}/children/*"),
    *(f"{RUN}/attempts", f"{RUN}/attempts/2", f"{RUN}/attempts/2/*.json", f"{RUN}/work"),
    *(f"{RUN}/outputs", f"{RUN}/logs", f"{RUN}/files", f"{RUN}/files/*"),
    *("notes/digits-1/files", "notes/digits-1/files/table.csv", "notes/digits-1/metrics"),
    *("notes/digits-1/metrics/*", "notes/digits-1/labels", "notes/digits-1/children"),
    *(".models", ".models/net", ".models/net/1", ".models/net/1/model.json"),
    *(".models/net/1/files", ".models/net/1/files/table.csv", ".models/net/1/labels"),
    *(".models/net/1/labels/*", ".models/net/1/properties", ".models/net/1/properties/*"),
    *(".datasets", ".datasets/data", ".datasets/data/1", ".datasets/data/1/dataset.json"),
    *(".datasets/data/1/labels", ".datasets/data/1/labels/*", ".datasets/.ids", ".datasets/.ids/*"),
    *(".datastores", ".datastores/workspaceblobstore", ".datastores/workspaceblobstore/mine"),
    ".datastores/workspaceblobstore/mine/train.py",
    *("notes/digits-1/properties", "notes/digits-1/started.json", "notes/digits-1"),
]
"""All that a store can hold, as patterns; the first that matches is replaced."""

ALONE = ("store.json", ".maintenance.lock", ".index", ".snapshots", "train", RUN)
"""What hides the others if it is a link."""

OTHERS = [place for place in PLACES if place not in ALONE]

GROUPS = [[place] for place in ALONE] + [OTHERS[first::12] for first in range(12)]

ALLOWED = ("children/", "work", "outputs", "logs")
"""Where a run has links of its own, or a script may have made some."""

LOOKS = [
    *("run list", "run list --where metrics.loss<1 --sort -metrics.loss"),
    *("run list --where tags.a", "run list --where properties.p", "experiment list"),
    *("run show digits-1", "run show RUN", "run tree -r RUN", "run logs RUN", "run metrics RUN"),
    *("run metrics RUN --system", "run metrics RUN --system --csv"),
    *("run logs RUN --grep x", "run metrics digits-1", "run compare RUN digits-1"),
    *("run snapshot RUN", "store check", "store stats", "store gc --dry-run", "doctor"),
    *("du", "du -e train"),
    *(
        "queue list",
        "target list",
        "target show small",
        "model list",
        *("model show net", "model show iris", "datastore list"),
        *("dataset list", "dataset show data"),
        "env list",
        "workspace show",
        "store trash list",
    ),
    *("run files RUN", "run files RUN user_logs/std_log.txt", "run open RUN", "run diff RUN"),
    *(
        "run diff RUN RUN",
        "run best loss --min -e train",
        "run why RUN",
        "run plot RUN -m loss",
        "run report RUN -f report.html",
        "config",
        "run wait RUN --timeout 0s",
    ),
    *("workspace list", "run watch", "top", "store share", "account show", "run stacks RUN"),
    *("account set --subscription 0000", "login", "completion bash", "env build -c none"),
    *("help", "help queue", "schema", "schema run.show"),
]

COMMANDS = [
    *(
        "run update -r RUN --add-tag c=3",
        "run update -r digits-1 --add-tag c=3",
        "run cancel -r RUN",
        "run fail -r RUN --reason why",
        "forget-host node17 --yes",
    ),
    *(
        "run download-logs -r RUN -d fetched",
        "target add large --slots 2",
        "target default local",
        "target test local --timeout 0s",
        "target set small --gpus 0",
        "queue pause --target local",
    ),
    *(
        "queue slots 3",
        "queue move QUEUED --last",
        "queue resume --target local",
        "queue resume --target small",
        "run cancel -r QUEUED",
    ),
    *("run tag RUN d=5", "run files RUN -d copied-files"),
    *("model download net:1 -d models", "model register net source/train.py --tag a=2"),
    *("model register net table.csv -r digits-1", "model delete net:1 --yes"),
    *("model download iris:1 -d models", "model register iris outputs/model.txt -r RUN"),
    "model delete iris:1 --yes",
    *("datastore add images source", "datastore default images", "datastore remove images"),
    *(
        "run -e train source/train.py",
        "run submit-script -e train source/train.py",
        "run resubmit RUN",
    ),
    *(f"store share --group {os.getegid()}", "store share --off", "store distrust"),
    *("store trust", "workspace create -w other --exist-ok", "folder attach -w copied -g g"),
    *("store gc --older-than 0d", "store check --repair", "run list --where metrics.loss<2"),
    *("store reindex", "run list", "run delete RUN --yes", "run delete digits-1 --yes"),
    *("store trash list", "store trash restore RUN", "run delete RUN --yes --purge"),
    *("store trash empty --yes", "store gc --older-than 0d", "store check --repair"),
    *("target remove large", "env gc"),
]

ROUTES = [
    *("info", "experiments", "trash", "targets", "runs", "runs?where=metrics.loss<1&metrics=*"),
    *("fields", "values?field=status", "series?run=digits-1&name=loss", "submit/defaults"),
    *("runs/RUN", "runs/RUN/children?recursive=1", "runs/RUN/record", "runs/RUN/metrics"),
    *("runs/RUN/metrics?system=1", "series?run=RUN&name=system/memory&system=1"),
    *("runs/RUN/values?name=loss", "runs/RUN/files", "runs/RUN/files?folder=outputs"),
    *("runs/RUN/files?below=1", "runs/digits-1/files?below=1", "runs/RUN/interpreter"),
    *("runs/RUN/preview?file=outputs/model.txt", "runs/RUN/file?file=outputs/model.txt"),
    *("runs/RUN/zip", "runs/RUN/logs", "runs/RUN/log?log=user_logs/std_log.txt&end=1"),
    *("runs/RUN/log/search?log=user_logs/std_log.txt&q=x", "runs/RUN/code", "runs/RUN/code/zip"),
    *("runs/RUN/log/download?log=user_logs/std_log.txt", "runs/RUN/code/file?file=train.py"),
    *("runs/RUN/code/diff", "runs/digits-1", "runs/digits-1/files", "runs/digits-1/zip"),
    *("runs/digits-1/record", "runs/digits-1/metrics", "submit/scripts?source=source"),
    *("views", "selection?where=status%20=%20Failed", "report?ids=RUN&ids=digits-1"),
    *("models", "models?run=RUN", "model?name=net", "model/file?name=net&file=table.csv"),
    *("model/zip?name=net", "home", "compare?run=RUN&run=digits-1"),
    *("compare/code?run=RUN&other=digits-1", "importance?run=RUN&run=digits-1&metric=loss"),
    "events?topic=runs&topic=run:RUN&topic=log:RUN:user_logs/std_log.txt&topic=queue&metrics=*",
]

CHANGES: list[tuple[str, dict[str, object]]] = [
    ("submit", {"experiment": "train", "script": "train.py", "source": "FOLDER/source"}),
    ("runs/labels", {"ids": ["RUN", "digits-1"], "tags": {"d": "4"}, "name": "mine"}),
    ("runs/cancel", {"ids": ["RUN", "digits-1"]}),
    ("runs/fail", {"ids": ["RUN", "digits-1"], "message": "why"}),
    ("runs/resubmit", {"ids": ["RUN"]}),
    ("views/save", {"name": "mine", "page": "runs", "query": {"sort": ["-created"]}}),
    ("views/delete", {"id": "best"}),
    ("experiments/archive", {"names": ["train"]}),
    ("experiments/reactivate", {"names": ["train"]}),
    ("queue/pause", {"target": "local"}),
    ("queue/resume", {"target": "local"}),
    ("runs/delete", {"ids": ["RUN", "digits-1"]}),
    ("trash/restore", {"ids": ["RUN", "digits-1"]}),
    ("ticket", {"address": "api/runs/RUN/zip"}),
    ("login", {"token": "none"}),
    ("logout", {}),
]

APART = {
    *("studio", "run monitor-logs", "notify test", "tensorboard", "run monitor-tensorboard"),
    "self-check",
}
"""Commands that are not run here: what tells a person opens no store, and `self-check` one of its
own. Studio's routes are asked in this process instead; what `run logs` reads too is followed for
ever where the record of the end is gone; and what is given to TensorBoard has tests beside it
(`files/test_event_files.py`)."""


class Canaries:
    """A folder outside of the store: what the links lead to, and how it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "precious").mkdir()
        (folder / "precious/old.txt").write_text("precious\n")

    def look(self) -> dict[str, tuple[object, ...]]:
        """Everything there: kind, mode, time of the last change, content."""
        found = {}
        for path in [self.folder, *sorted(self.folder.rglob("*"))]:
            seen = path.lstat()
            data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            about = (oct(seen.st_mode), seen.st_mtime_ns, seen.st_size, seen.st_nlink)
            found[str(path.relative_to(self.folder))] = (*about, hashlib.sha1(data).hexdigest())
        return found

    def age(self) -> None:
        """Let everything be a day old."""
        for path in [self.folder, *self.folder.rglob("*")]:
            old = path.lstat().st_mtime - 86_400
            os.utime(path, (old, old), follow_symlinks=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source and a store that holds one of each."""
    folder = tmp_path_factory.mktemp("built")
    script = folder / "source/train.py"
    script.parent.mkdir()
    script.write_text(textwrap.dedent(TRAIN))
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HOMERUN_")}
    cache = str(tmp_path_factory.mktemp("cache"))
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BUILD)],
        cwd=folder,
        env={**kept, "XDG_CACHE_HOME": cache},
        check=True,
        timeout=120,
    )
    return folder


@pytest.fixture
def folder(built: Path, workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as the current folder."""
    copied = workspace_dir / "copied"
    shutil.copytree(built, copied, symlinks=True)
    trusted(str(copied / ".runs"))
    monkeypatch.chdir(copied)
    return copied


def plant(folder: Path, place: str, canaries: Canaries, leads_to: str) -> Path | None:
    """Replace what lies at a place by a link; None: the place lies behind another one."""
    store = folder / ".runs"
    found = sorted(store.glob(place)) or [store / place.replace("*", "new")]
    path = found[0]
    if any(above.is_symlink() or above.is_file() for above in path.parents):
        return None
    target = canaries.folder / f"{len(os.listdir(canaries.folder))}"
    if leads_to == "what lay there" and os.path.lexists(path):
        shutil.move(path, target)
        if target.is_dir() and not target.is_symlink():
            shutil.copytree(canaries.folder / "precious", target / "precious")
        elif target.is_file():
            with target.open("ab") as file:
                file.write(b"# precious\n")
    elif path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def acts(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """All that can be done with a store, each with its name: looks, the SDK, Studio, changes."""
    runs = sorted(path.name for path in (folder / ".runs/train").glob("train_*"))
    run, queued = (runs or ["train_1"])[0], (runs or ["train_1"])[-1]

    def named(text: str) -> str:
        return text.replace("RUN", run).replace("QUEUED", queued)

    def command(line: str) -> Callable[[], object]:
        return lambda: entry.run_command_line(named(line).split())

    yield from ((line, command(line)) for line in LOOKS)
    yield "the SDK", drive
    yield "Studio", lambda: browse(named)
    yield from ((line, command(line)) for line in COMMANDS)


def drive() -> None:
    """What only the SDK does: interactive runs, files."""
    workspace = Workspace.from_config()
    run = Experiment(workspace, "notes").start_logging(snapshot_directory=None, outputs=False)
    run.log("loss", 1.0)
    run.tag("a", "1")
    run.upload_file("train.py", "source/train.py")
    run.child_run().complete()
    run.complete()
    for act in (models, data, datastore):
        with suppress(OSError, StoreError, HomerunError):
            act(workspace)
    list(Experiment(workspace, "train").get_runs())


def models(workspace: Workspace) -> None:
    """Register, label, load and delete."""
    model = Model.register(workspace, "source", "net", tags={"a": "2"})
    for one in (model, *Model.list(workspace, name="net")):
        one.update(tags={"c": "3"}, description="d")
        one.add_properties({"r": "3"})
        one.download("loaded", exist_ok=True)
    model.delete()


def data(workspace: Workspace) -> None:
    """Register, label, and have the files of a dataset."""
    found = Dataset.get_by_name(workspace, "data")
    found.add_tags({"c": "3"})
    found.download("read", overwrite=True)
    again = Dataset.File.from_files("source/*.py")
    again.register(workspace, "data", create_new_version=True)
    Dataset.get_by_id(workspace, again.id).to_path()


def datastore(workspace: Workspace) -> None:
    """Write into a datastore, and read what is there."""
    found = workspace.get_default_datastore()
    found.download("fetched-data", overwrite=True)
    found.upload("source", target_path="mine", overwrite=True)
    found.upload_files(["source/train.py"], target_path="new", overwrite=True)


def browse(named: Callable[[str], str]) -> dict[str, int]:
    """Every route of Studio, and the status of its answer."""
    found: dict[str, int] = {}
    desk = Desk(Workspace.from_config(), Door(None), False)
    try:
        with Client(app.made(desk, Hosts(), static={})) as client:
            client.take(client.get(f"/login?code={desk.door.new_code()}"))
            for route in ROUTES:
                found[route] = ask(client, f"/api/{named(route)}")
            for route, body in CHANGES:
                said = {key: shown(body[key], named) for key in body}
                found[route] = client.post(f"/api/{route}", said).status
    finally:
        desk.close()
    return found


def ask(client: Client, target: str) -> int:
    """The status of what an address answers; of what streams for ever the first events are read."""

    async def read() -> int:
        status = 0
        async for message in client.messages("GET", target):
            status = message.get("status", status)
            if message.get("body"):
                break
        return status

    return client.wait(read()) if "/events?" in target else client.get(target).status


def shown(value: object, named: Callable[[str], str]) -> object:
    if isinstance(value, list):
        return [named(one) for one in value]
    return named(value).replace("FOLDER", os.getcwd()) if isinstance(value, str) else value


def spelled(name: str) -> str:
    """How a line of a command begins: a group that is a command itself has an option next."""
    *group, last = name.split()
    is_direct = DIRECT.get(" ".join(group)) == last
    return f"{' '.join(group)} -e" if is_direct else name


def test_every_command_and_every_route_is_among_what_is_done() -> None:
    commands = {name for name in COMMAND_TABLE if name not in APART}
    asked = {re.sub("RUN|digits-1", "{id}", route.partition("?")[0]) for route in ROUTES}
    changed = {route for route, _ in CHANGES}

    assert {
        one
        for one in commands
        if not any(f"{line} ".startswith(f"{spelled(one)} ") for line in (*LOOKS, *COMMANDS))
    } == set()
    assert {one.path for one in routes.every() if one.method == "GET"} - asked == set()
    assert {one.path for one in routes.every() if one.method != "GET"} - changed == set()


def test_every_route_answers_where_no_link_is(folder: Path) -> None:
    found = browse(lambda text: text.replace("RUN", "train_0"))

    refused = {"login": 409, "runs/RUN/code/diff": 404}  # no token is known, and no git
    assert {one: status for one, status in found.items() if status >= 400} == refused


@pytest.mark.parametrize("leads_to", ["what lay there", "a new name"])
@pytest.mark.parametrize("places", GROUPS, ids=lambda places: places[0])
def test_links_inside_a_store_lead_out_of_it_nowhere(
    folder: Path, tmp_path: Path, places: list[str], leads_to: str
) -> None:
    canaries = Canaries(tmp_path / "outside")
    for place in places:
        plant(folder, place, canaries, leads_to)
    canaries.age()
    before = canaries.look()
    broken = []
    for name, act in acts(folder):
        with suppress(OSError, StoreError, HomerunError):
            act()
        now = canaries.look()
        if now != before:
            changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
            broken.append((name, sorted(changed)))
            before = now

    assert broken == []


@pytest.mark.parametrize("place", PLACES)
def test_a_link_in_the_place_of_anything_of_a_store_is_a_finding(
    folder: Path, tmp_path: Path, place: str
) -> None:
    canaries = Canaries(tmp_path / "outside")
    path = plant(folder, place, canaries, "what lay there")
    assert path is not None
    inner = str(path.relative_to(folder / ".runs"))

    found = [finding.path for finding in check(Store(str(folder / ".runs")))]

    is_data = inner.startswith(".datastores/workspaceblobstore/")
    assert inner in found or is_data or any(f"/{one}" in f"/{inner}" for one in ALLOWED)


def kind_of(inner: str) -> str:
    """A path in a store as that of any run, of any experiment."""
    inner = re.sub(r"^(\.trash/)?(train|notes)/(train_|digits-)[^/]*", "run", inner)
    return re.sub(r"^notes\b", "train", inner)


def test_everything_that_a_store_holds_is_among_what_is_replaced(built: Path) -> None:
    store = built / ".runs"
    found = {str(path.relative_to(store)) for path in store.rglob("*")}
    inside = {kind_of(one) for one in found if not re.search(r"/(tree|work|outputs|logs)/", one)}
    known = {kind_of(place) for place in PLACES}

    assert {one for one in inside if not any(fnmatch(one, place) for place in known)} == set()
