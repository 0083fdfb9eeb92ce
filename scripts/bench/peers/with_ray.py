"""Ray Jobs on a cluster of this machine alone, which is up before anything is measured."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable

import work

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import ray
from ray.job_submission import JobSubmissionClient

_OVER = ("SUCCEEDED", "FAILED", "STOPPED")


def launch(folder: str) -> None:
    _submit(folder, {})


def make(folder: str, number: int) -> None:
    _submit(folder, {"quality": work.tag(number)})


def queries(folder: str) -> tuple[Callable[[], list[object]], ...]:
    def newest(quality: str = "") -> list[object]:
        found = [
            job
            for job in _client().list_jobs()
            if not quality or (job.metadata or {}).get("quality") == quality
        ]
        found.sort(key=lambda job: job.start_time or 0, reverse=True)
        return found[: work.SHOWN]

    return newest, lambda: newest("good")


def _submit(folder: str, metadata: dict[str, str]) -> None:
    client = _client()
    job = client.submit_job(entrypoint=f"{work.PYTHON} {folder}/noop.py", metadata=metadata)
    while client.get_job_status(job).value not in _OVER:
        time.sleep(0.005)


_clients: list[JobSubmissionClient] = []


def _client() -> JobSubmissionClient:
    if not _clients:
        context = ray.init(include_dashboard=True, num_cpus=2, log_to_driver=False)
        atexit.register(ray.shutdown)
        _clients.append(JobSubmissionClient(f"http://{context.dashboard_url}"))
    return _clients[0]


if __name__ == "__main__":
    work.main(globals())
