"""Whether an install works, tried with real runs in a folder of its own, of which nothing stays."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time

from homerun.base.errors import HomerunError
from homerun.config.script_run_config import ScriptRunConfig
from homerun.doctor import interpreter
from homerun.files.logs import follow
from homerun.manual import pages
from homerun.metrics import results
from homerun.runs import lifecycle, start, wait
from homerun.targets import trust
from runstore import status
from runstore.errors import StoreError
from runstore.store import Store
from runstore.upkeep.check import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runstore.run.record import Record

GOOD, BROKEN = "ok", "broken"
MISSING = "missing"
"""Something that is not needed, such as an extra, is not there."""

_EXPERIMENT = "self-check"
_PATIENCE_S, _PAUSE_S = 5.0, 0.02
_PRINTED = "it prints"
_SCRIPTS = {
    "logs": f"""
from homerun import Run
Run.get_context().log("loss", 0.25)
print({_PRINTED!r})
""",
    "waits": """
import time
print("it waits", flush=True)
time.sleep(3600)
""",
    "azure": """
from azureml.core import Run
Run.get_context().log("loss", 0.5)
""",
}


def outcomes_of_checks() -> Iterator[tuple[str, str, str]]:
    """Each check by its name, with GOOD, MISSING or BROKEN, and what was seen."""
    folder = tempfile.mkdtemp(prefix="homerun-self-check-")
    try:
        for name, source in _SCRIPTS.items():
            os.mkdir(os.path.join(folder, name))
            with open(os.path.join(folder, name, "script.py"), "w", encoding="utf-8") as file:
                file.write(source)
        store = Store(os.path.join(folder, "store"))
        store.for_writing()
        try:
            for name, one in _CHECKS.items():
                yield name, *_tried(one, store, folder)
            yield "studio", *_state_of_studio()
        finally:
            _cancel_rest(store)
            trust.distrust_store(store)
    finally:
        _remove(folder)


def _cancel_rest(store: Store) -> None:
    """Cancel what goes on still, as where a check was broken off."""
    for record in store.runs():
        try:
            lifecycle.cancel(record, None)
        except (HomerunError, StoreError, OSError):
            continue  # it is over


def _remove(folder: str) -> None:
    """Remove all of it; a supervisor whose run is over may still write its last line meanwhile."""
    deadline = time.monotonic() + _PATIENCE_S
    shutil.rmtree(folder, ignore_errors=True)
    while os.path.exists(folder) and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
        shutil.rmtree(folder, ignore_errors=True)


def _tried(one: Callable[[Store, str], str], store: Store, folder: str) -> tuple[str, str]:
    try:
        return GOOD, one(store, folder)
    except (HomerunError, StoreError, OSError) as error:
        return BROKEN, " ".join(str(error).split())


def _run_check(store: Store, folder: str) -> str:
    """A script prints and logs; its record tells it."""
    record = _submitted(store, folder, "logs")
    found = wait.until_over(record).status
    printed = b"".join(follow.Following(record)).decode().strip()
    _same("the status of the run", found, status.COMPLETED)
    _same("the run's metrics", results.metrics_of_run(record.path, record.id), {"loss": 0.25})
    _same("what the run printed", printed, _PRINTED)
    return f"a script logged and printed, and {found}"


def _cancel_check(store: Store, folder: str) -> str:
    """A script that would go on for an hour is canceled while it runs."""
    record = _submitted(store, folder, "waits")
    next(iter(follow.Following(record)), b"")
    lifecycle.cancel(record, None)
    found = wait.until_over(record).status
    _same("the status of the run", found, status.CANCELED)
    return f"a script that was running was {found}, with all its processes"


def _drop_in_check(store: Store, folder: str) -> str:
    """A script imports `azureml.core`, and gets ours."""
    record = _submitted(store, folder, "azure")
    wait.until_over(record)
    _same("the run's metrics", results.metrics_of_run(record.path, record.id), {"loss": 0.5})
    return "a script logged through `from azureml.core import Run`"


def _record_check(store: Store, folder: str) -> str:
    """What was recorded is whole."""
    _same("the findings in the store", [str(one) for one in check(store)], [])
    return f"{len(_CHECKS_WITH_RUNS)} runs on record, nothing amiss"


def _manual_check(store: Store, folder: str) -> str:
    return f"{len(pages.topics())} pages: homerun help"


def _state_of_studio() -> tuple[str, str]:
    """Whether Studio could start and has its pages, and what to do where it has not."""
    found = next(one for one in interpreter.look() if one.name == "studio")
    return (MISSING, f"{found.value}; {found.advice}") if found.advice else (GOOD, found.value)


_CHECKS_WITH_RUNS: dict[str, Callable[[Store, str], str]] = {
    "run": _run_check,
    "cancel": _cancel_check,
    "azureml": _drop_in_check,
}
_CHECKS = {
    **_CHECKS_WITH_RUNS,
    "record": _record_check,
    "manual": _manual_check,
}


def _submitted(store: Store, folder: str, name: str) -> Record:
    source = os.path.join(folder, name)
    config = ScriptRunConfig(source, "script.py", interpreter=sys.executable)
    return start.submit_to(store, _EXPERIMENT, config, None)


def _same(what: str, found: object, right: object) -> None:
    if found != right:
        raise HomerunError(f"{what}: {found!r} instead of {right!r}")
