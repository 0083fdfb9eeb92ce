"""HyperQueue with a server and a worker in this process, as its own tests have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import work
from hyperqueue import Job
from hyperqueue.cluster import LocalCluster, WorkerConfig

KEEPS = "output and errors, two files each; state and exit code while its server is up"


@contextmanager
def queueing(folder: str) -> Iterator[Callable[[int], object]]:
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=work.SLOTS))
        client = cluster.client()

        def pass_through(count: int) -> None:
            job = Job()
            for _ in range(count):
                job.program([work.PYTHON, f"{folder}/noop.py"])
            if not client.wait_for_jobs([client.submit(job)]):
                raise SystemExit("a task failed")

        yield pass_through


if __name__ == "__main__":
    work.main(globals())
