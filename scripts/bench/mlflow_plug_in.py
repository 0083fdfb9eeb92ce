"""What the plug-in costs MLflow: an import, and a point, beside MLflow's own stores.

    make test-mlflow        # which installs MLflow below build/
    build/mlflow/3/bin/python scripts/bench/mlflow_plug_in.py

All of it is measured in turn, as time of the processor, so that other programs count for little.
The floor of a point is a store that does nothing: what MLflow takes for itself.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

sys.path.insert(0, f"{os.path.dirname(os.path.abspath(__file__))}/../../store")
sys.path.insert(0, f"{os.path.dirname(os.path.abspath(__file__))}/../../runner")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

import mlflow
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.tracking._tracking_service import utils

from homerun.environments import python_path
from homerun.mlflow.plug_in import artifact_repository, tracking_store

POINTS, ROUNDS, IMPORTS = 300, 21, 9


class Nothing(AbstractStore):
    """A store that takes every point and keeps none; for all else it is the plug-in's."""

    def __init__(self, address: str) -> None:
        self._real = tracking_store(address.replace("nothing", "homerun"))

    def log_metric(self, run_id: str, metric: Any) -> None:
        """Keep nothing."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("log_metric", "_real"):
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "_real"), name)


Nothing.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]


def main() -> None:
    """Measure, and print a line for each figure."""
    utils._tracking_store_registry.register("nothing", lambda store_uri, **_: Nothing(store_uri))
    utils._tracking_store_registry.register("homerun", tracking_store)
    _artifact_repository_registry.register("homerun", artifact_repository)
    print(f"MLflow {mlflow.__version__}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as folder:
        stores = {
            "nothing": f"nothing://{folder}/nothing",
            "homerun": f"homerun://{folder}/homerun",
            "plain files": f"file://{folder}/files",
        }
        taken: dict[str, list[float]] = {name: [] for name in stores}
        for _ in range(ROUNDS):
            for name, address in stores.items():
                taken[name].append(_points(address))
        floor = taken["nothing"]
        for name, each in taken.items():
            ratios = [one / least for one, least in zip(each, floor)]
            shown = f"{statistics.median(each) * 1e6:.1f} us, {statistics.median(ratios):.3f} x"
            print(f"mlflow.log_metric, {name}: {shown} of a store that does nothing")
        found = python_path.folder()
        os.mkdir(f"{folder}/without")
        for name in os.listdir(found):
            if not name.endswith(".dist-info"):
                os.symlink(os.path.realpath(f"{found}/{name}"), f"{folder}/without/{name}")
        pairs = [(_import(f"{folder}/without"), _import(found)) for _ in range(IMPORTS)]
        bare, ours = (statistics.median(each) * 1e3 for each in zip(*pairs))
        print(f"import mlflow: {bare:.0f} ms, {ours:.0f} ms where the plug-in is found")


def _points(address: str) -> float:
    mlflow.set_tracking_uri(address)
    mlflow.set_experiment("bench")
    with mlflow.start_run():
        mlflow.log_metric("loss", 0.5, step=0)
        return _each(lambda step: mlflow.log_metric("loss", step * 0.5, step=step))


def _each(log: Callable[[int], object]) -> float:
    begun = time.process_time()
    for step in range(1, POINTS + 1):
        log(step)
    return (time.process_time() - begun) / POINTS


def _import(path: str) -> float:
    before = os.times()
    env = {**os.environ, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", "import mlflow"], env=env, check=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


if __name__ == "__main__":
    main()
