"""submitit with its local executor: it launches, and records no metrics and no list."""

from __future__ import annotations

import submitit
import work


def launch(folder: str) -> None:
    executor = submitit.LocalExecutor(f"{folder}/logs")
    executor.update_parameters(timeout_min=5)
    executor.submit(submitit.helpers.CommandFunction([work.PYTHON, "noop.py"])).result()


if __name__ == "__main__":
    work.main(globals())
