"""What is asked of a run on a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers import process
from homerun import Run
from homerun.runs import reconcile
from runstore import layout
from runstore.queue import placed

Submit = Callable[..., Run]


def ended(run: Run) -> dict[str, Any]:
    run.wait_for_completion(raise_on_error=False)
    fact = run._record.fact(layout.ENDED)
    assert fact is not None
    return dict(fact)


def job_of(run: Run) -> str:
    job = placed.job_of(run._record)
    assert job is not None
    return str(job["job"])


def is_lost(run: Run) -> bool:
    """Whether the run is over, once its heartbeat is old."""
    beat = Path(run._record.path, layout.HEARTBEAT)
    os.utime(beat, (1, 1))
    return reconcile.bring_up_to_date(run._record).is_over


def left_of(run: Run) -> list[process.Process]:
    """Processes of a run that live, here or on a node."""
    found = process.marked(f"HOMERUN_RUN_ID={run.id}")
    return [one for one in found if one.state not in "ZX"]
