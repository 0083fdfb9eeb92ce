"""What the plug-in costs MLflow: an import, and a point, beside MLflow's own stores.

    make test-mlflow        # which installs MLflow below build/
    sudo chrt -f 1 build/mlflow/3/bin/python scripts/bench/mlflow_plug_in.py

All of it is measured in turn, as time of the processor. `chrt` keeps other programs from it, which
else take the caches away. The floor of a point is a store that does nothing: what MLflow takes for
itself. A bare write is one `os.write` more: without it no point is safe from SIGKILL.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

sys.path.insert(0, f"{os.path.dirname(os.path.abspath(__file__))}/../../store")
sys.path.insert(0, f"{os.path.dirname(os.path.abspath(__file__))}/../../runner")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

import mlflow
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
from mlflow.tracking._tracking_service import utils

from homerun.environments import python_path
from homerun.mlflow.plug_in import artifact_repository, tracking_store

POINTS, ROUNDS, IMPORTS = 40, 250, 9


LINE = b'\n{"n":"loss","v":0.5,"t":1796027000123e-3,"s":17}\n'


def nothing(address: str) -> Any:
    """A store that takes every point and keeps none; for all else it is the plug-in's."""
    from homerun.mlflow.tracking import TrackingStore

    class Nothing(TrackingStore):
        def log_metric(self, run_id: str, metric: Any) -> None:
            """Keep nothing."""

    return Nothing(address.replace("nothing", "homerun", 1))


def bare(address: str) -> Any:
    """A store that writes the same line for every point."""
    from homerun.mlflow.tracking import TrackingStore

    path = address.partition("://")[2]
    descriptor = os.open(f"{path}.points", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    class Bare(TrackingStore):
        def log_metric(self, run_id: str, metric: Any) -> None:
            """Write a line."""
            os.write(descriptor, LINE)

    return Bare(address.replace("bare", "homerun", 1))


def main() -> None:
    """Measure, and print a line for each figure."""
    utils._tracking_store_registry.register("nothing", lambda store_uri, **_: nothing(store_uri))
    utils._tracking_store_registry.register("bare", lambda store_uri, **_: bare(store_uri))
    utils._tracking_store_registry.register("homerun", tracking_store)
    _artifact_repository_registry.register("homerun", artifact_repository)
    print(f"MLflow {mlflow.__version__}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as folder:
        stores = {
            "nothing": f"nothing://{folder}/nothing",
            "a bare write": f"bare://{folder}/bare",
            "homerun": f"homerun://{folder}/homerun",
            "plain files": f"file://{folder}/files",
        }
        runs = {name: _run_in(address) for name, address in stores.items()}
        taken: dict[str, list[float]] = {name: [] for name in stores}
        for number in range(ROUNDS):
            for name in sorted(stores, key=lambda _: random.random()):
                taken[name].append(_points(stores[name], runs[name], number * POINTS))
        floor = taken["nothing"]
        for name, each in taken.items():
            ratios = [one / least for one, least in zip(each, floor)]
            more = statistics.median(one - least for one, least in zip(each, floor)) * 1e6
            shown = f"{statistics.median(each) * 1e6:.1f} us, {more:.1f} us more"
            ratio = f"{statistics.median(ratios):.3f} x of a store that does nothing"
            print(f"mlflow.log_metric, {name}: {shown}, {ratio}")
        found = python_path.folder()
        os.mkdir(f"{folder}/without")
        for name in os.listdir(found):
            if not name.endswith(".dist-info"):
                os.symlink(os.path.realpath(f"{found}/{name}"), f"{folder}/without/{name}")
        pairs = [(_import(f"{folder}/without"), _import(found)) for _ in range(IMPORTS)]
        plain, ours = (statistics.median(each) * 1e3 for each in zip(*pairs))
        print(f"import mlflow: {plain:.0f} ms, {ours:.0f} ms where the plug-in is found")


def _run_in(address: str) -> str:
    mlflow.set_tracking_uri(address)
    mlflow.set_experiment("bench")
    with mlflow.start_run() as run:
        return str(run.info.run_id)


def _points(address: str, run_id: str, first: int) -> float:
    """Seconds for a point, of some that go on in a run."""
    mlflow.set_tracking_uri(address)
    mlflow.set_experiment("bench")
    mlflow.start_run(run_id=run_id)
    log = mlflow.log_metric
    log("loss", 0.5, step=first)
    begun = time.process_time()
    for step in range(first, first + POINTS):
        log("loss", step * 0.5, step=step)
    taken = time.process_time() - begun
    mlflow.end_run()
    return taken / POINTS


def _import(path: str) -> float:
    before = os.times()
    env = {**os.environ, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", "import mlflow"], env=env, check=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


if __name__ == "__main__":
    main()
