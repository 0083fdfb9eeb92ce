"""The engine `slurm` on a real cluster: what it says of jobs, whatever becomes of the daemons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.wait import wait_until
from homerun.targets.engines.engine import (
    GONE,
    OVER,
    RUNNING,
    UNKNOWN,
    WAITING,
    EngineError,
    Job,
    Placed,
    Seen,
)
from homerun.targets.slurm.slurm import Slurm
from slurm.cluster import Cluster

SLEEP = ["/bin/sleep", "1000"]


@pytest.fixture
def submit(cluster: Cluster, tmp_path: Path) -> Callable[..., list[Placed]]:
    """Submit jobs with these commands: `submit(argv, argv, time_limit_s=...)`."""

    def act(*commands: list[str], **more: Any) -> list[Placed]:
        jobs = [
            Job(
                run_id=f"run_{number}",
                mark=f"{tmp_path.name}-{number}",
                name=f"run_{number}",
                root=str(tmp_path),
                folder=str(tmp_path),
                argv=argv,
                env={"MARK": f"{tmp_path.name}-{number}"},
                log=f"{tmp_path}/100%n{number}.log",
                **{"said": {}, **more},
            )
            for number, argv in enumerate(commands)
        ]
        return Slurm({}).submit(jobs)

    return act


def reaches(placed: Placed, state: str) -> Seen:
    """The first look that says this state."""

    def look() -> Seen | None:
        [seen] = Slurm({}).look([placed])
        return seen if seen.state == state else None

    return wait_until(look, f"Slurm says {state} of {placed}")


def end(*placed: Placed) -> None:
    Slurm({}).cancel(placed)
    wait_until(
        lambda: all(seen.state in (OVER, GONE) for seen in Slurm({}).look(placed)), "they end"
    )


def test_exit_codes_and_signals_are_told(submit: Callable[..., list[Placed]]) -> None:
    placed = submit(
        ["/bin/sh", "-c", "exit 0"], ["/bin/sh", "-c", "exit 3"], ["/bin/sh", "-c", "kill -SEGV $$"]
    )

    seen = [reaches(one, OVER) for one in placed]

    assert [one.exit for one in seen] == ["0:0", "3:0", "0:11"]
    assert seen[1].reason == "its job failed with exit code 3"


def test_a_job_has_its_variables_and_its_log(
    submit: Callable[..., list[Placed]], tmp_path: Path
) -> None:
    [one] = submit(["/bin/sh", "-c", "echo mark $MARK; echo oops >&2"])

    reaches(one, OVER)

    assert (tmp_path / "100%n0.log").read_text() == f"mark {tmp_path.name}-0\noops\n"


def test_a_job_that_asks_for_too_much_says_why_it_waits(
    submit: Callable[..., list[Placed]],
) -> None:
    first, second = submit(SLEEP, SLEEP, said={"cpus": "4", "nodelist": "n1"})

    reaches(first, RUNNING)
    reaches(second, WAITING)

    def why() -> str | None:
        [seen] = Slurm({}).look([second])
        return seen.reason

    wait_until(lambda: why() == "no node is free for it (Resources)", "the scheduler says why")
    end(first, second)


def test_a_job_that_is_started_again_is_still_the_same(
    cluster: Cluster, submit: Callable[..., list[Placed]]
) -> None:
    [one] = submit(SLEEP, may_requeue=True)
    reaches(one, RUNNING)

    cluster.ask("scontrol", "requeue", one.job)

    reaches(one, WAITING)
    end(one)


def test_without_the_controller_nothing_is_said_of_a_job_and_it_goes_on(
    cluster: Cluster, submit: Callable[..., list[Placed]], tmp_path: Path
) -> None:
    held = tmp_path / "gate"
    [one] = submit(["/bin/sh", "-c", f"while [ ! -e {held} ]; do sleep 0.1; done; exit 5"])
    reaches(one, RUNNING)
    cluster.wait_saved(one.job)

    cluster.tell("kill slurmctld")
    [seen] = Slurm({}).look([one])
    held.touch()
    cluster.tell("start slurmctld")

    assert seen.state == UNKNOWN
    assert reaches(one, OVER).exit == "5:0"


def test_after_a_loss_of_state_a_number_is_no_longer_ours(
    cluster: Cluster, submit: Callable[..., list[Placed]], tmp_path: Path
) -> None:
    [ours] = submit(["/bin/true"])
    reaches(ours, OVER)
    cluster.lose_state()
    cluster.wait_idle()
    strangers = [
        cluster.ask("sbatch", "--parsable", "--output=/dev/null", "--wrap=sleep 1000").strip()
        for _ in range(int(ours.job))
    ]
    assert ours.job in strangers

    [seen] = Slurm({}).look([ours])
    Slurm({}).cancel([ours])

    assert seen.state == GONE
    assert cluster.state(ours.job) in ("PENDING", "RUNNING")
    cluster.ask("scancel", *strangers)


def test_a_node_that_is_lost_ends_its_job(
    cluster: Cluster, submit: Callable[..., list[Placed]]
) -> None:
    [one] = submit(SLEEP, said={"nodelist": "n3"})
    reaches(one, RUNNING)

    cluster.tell("crash n3")
    cluster.ask("scontrol", "update", "NodeName=n3", "State=DOWN", "Reason=lost")
    seen = reaches(one, OVER)
    cluster.tell("start n3")
    cluster.ask("scontrol", "update", "NodeName=n3", "State=RESUME")

    assert seen.reason == "a node of its job failed"


def test_the_version_is_told_and_a_command_that_is_missing_too(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Slurm({}).version().startswith("slurm")
    few = tmp_path / "bin"
    few.mkdir()
    (few / "sbatch").symlink_to(cluster.bin / "sbatch")
    monkeypatch.setenv("PATH", f"{few}:/usr/bin:/bin")

    with pytest.raises(EngineError, match="`squeue` is not in PATH; put all of Slurm's"):
        Slurm({}).version()


def test_a_trial_passes_on_a_cluster_that_works(cluster: Cluster) -> None:
    steps = dict(Slurm({"partition": "cpu", "time": "1h"}).test())

    assert steps["the partition"] == "cpu: up, limit infinite, nodes: 3 idle"
