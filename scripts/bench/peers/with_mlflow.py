"""MLflow: its projects, and its tracking in SQLite."""

from __future__ import annotations

import os
from collections.abc import Callable

import work

os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{os.environ['BENCH_FOLDER']}/mlflow.db"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"

import mlflow
from mlflow.tracking import MlflowClient

OPENS = "import mlflow\nwith mlflow.start_run(): pass\n"
_PROJECT = "name: bench\nentry_points:\n  main:\n    command: 'python noop.py'\n"


def launch(folder: str) -> None:
    _project(folder)
    mlflow.projects.run(folder, env_manager="local")


def command(folder: str) -> list[str]:
    _project(folder)
    return [f"{os.path.dirname(work.PYTHON)}/mlflow", "run", folder, "--env-manager", "local"]


def logging(folder: str, body: Callable[[work.Log], None]) -> None:
    with mlflow.start_run():
        body(lambda number: mlflow.log_metric("loss", number * 0.5, step=number))


def count(folder: str) -> int:
    (run,) = MlflowClient().search_runs(["0"])
    return len(MlflowClient().get_metric_history(run.info.run_id, "loss"))


def make(folder: str, number: int) -> None:
    with mlflow.start_run(tags={"quality": work.tag(number)}):
        mlflow.log_metric("loss", 0.25)


def queries(folder: str) -> tuple[Callable[[], list[object]], ...]:
    client = MlflowClient()

    def search(condition: str) -> list[object]:
        order = ["attributes.start_time DESC"]
        return [
            run.to_dictionary()
            for run in client.search_runs(["0"], condition, max_results=work.SHOWN, order_by=order)
        ]

    return lambda: search(""), lambda: search("tags.quality = 'good'")


def _project(folder: str) -> None:
    with open(f"{folder}/MLproject", "w", encoding="utf-8") as file:
        file.write(_PROJECT)


if __name__ == "__main__":
    work.main(globals())
