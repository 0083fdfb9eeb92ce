"""From the call of `cancel()` to `ended`: a script that obeys, and one that does not."""

from __future__ import annotations

import os
from collections.abc import Iterator

import measure
import rows
from rows import Row

from homerun import Experiment, Run, ScriptRunConfig, Workspace

GRACE_S = 0.3

OBEYS = "import signal\nprint('up', flush=True)\nsignal.pause()\n"
IGNORES = (
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True)\nwhile True: signal.pause()\n"
)


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    with measure.place() as folder:
        os.mkdir(f"{folder}/source")
        for name, code in (("obeys.py", OBEYS), ("ignores.py", IGNORES)):
            with open(f"{folder}/source/{name}", "w", encoding="utf-8") as file:
                file.write(code)
        experiment = Experiment(Workspace.from_config(), "bench")
        times = 5 if quick else 40
        obeying = [_cancel(experiment, "obeys.py") * 1e3 for _ in range(times)]
        beside = measure.beside_one_start()
        yield rows.of("cancel, the script obeys: call to ended", obeying, "ms", beside=beside)
        yield Row("the same, p95", measure.p95(obeying), "ms", budget=100)
        beyond = [(_cancel(experiment, "ignores.py") - GRACE_S) * 1e3 for _ in range(times // 4)]
        name = "cancel, TERM is ignored: beyond the grace, the worst"
        yield Row(name, max(beyond), "ms", min(beyond), max(beyond), budget=300)


def _cancel(experiment: Experiment, script: str) -> float:
    run = _running(experiment, script)
    taken = measure.seconds(run.cancel)
    if run.get_status() != "Canceled":
        raise SystemExit(f"{run.id} is {run.get_status()}, not Canceled")
    return taken


def _running(experiment: Experiment, script: str) -> Run:
    run = experiment.submit(ScriptRunConfig("source", script, grace_s=GRACE_S))
    for output in run.stream():
        if b"up" in output:
            break
    return run
