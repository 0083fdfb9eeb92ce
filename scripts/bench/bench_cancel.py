"""From the call of `cancel()` to `ended`: a script that obeys, and one that does not."""

from __future__ import annotations

import os
import tempfile

import measure

from homerun import Experiment, Run, ScriptRunConfig, Workspace

ROUNDS = 40
GRACE_S = 0.3

OBEYS = "import signal\nprint('up', flush=True)\nsignal.pause()\n"
IGNORES = (
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True)\nwhile True: signal.pause()\n"
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure.quiet_environment(f"{folder}/cache")
        os.mkdir(f"{folder}/source")
        for name, code in (("obeys.py", OBEYS), ("ignores.py", IGNORES)):
            with open(f"{folder}/source/{name}", "w", encoding="utf-8") as file:
                file.write(code)
        os.chdir(folder)
        experiment = Experiment(Workspace.from_config(), "bench")
        obeying = [_cancel(experiment, "obeys.py") for _ in range(ROUNDS)]
        ignoring = [_cancel(experiment, "ignores.py") - GRACE_S for _ in range(10)]
        measure.row("cancel, the script obeys: call -> ended, ms", measure.spread(obeying), "")
        p95 = measure.p95(obeying) * 1e3
        measure.row("the same, p95", f"{p95:.1f}", "<= 100")
        worst = max(ignoring) * 1e3
        measure.row(
            "cancel, TERM is ignored: beyond the grace, ms, worst", f"{worst:.1f}", "<= 300"
        )
        _supervisor_memory(experiment)


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


def _supervisor_memory(experiment: Experiment) -> None:
    run = _running(experiment, "obeys.py")
    pid = run.describe()["process"]["supervisor_pid"]
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        fields = dict(line.split()[:2] for line in list(file)[1:])
    run.cancel()
    dirty = int(fields["Private_Dirty:"]) / 1024
    measure.row("a supervisor's private dirty memory, MB", f"{dirty:.1f}", "<= 4")


if __name__ == "__main__":
    main()
