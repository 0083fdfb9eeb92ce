"""What a process inherits: taken from one, and given to another."""

from __future__ import annotations

import ast
import os
import resource
import subprocess
import sys
from pathlib import Path

from helpers.sources import SOURCE_ROOTS
from homerun.system import inherited

SHOW = """
import os, resource
limit = resource.getrlimit(resource.RLIMIT_NOFILE)
print((os.umask(0), os.nice(0), os.sched_getaffinity(0), limit))
"""


def in_another(code: str) -> object:
    """What a new process has after that code, as it prints it."""
    begin = f"import sys; sys.path += {[str(root) for root in SOURCE_ROOTS]!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", begin + code], capture_output=True, text=True, check=True
    )
    return ast.literal_eval(done.stdout)


def test_one_process_gets_what_another_has() -> None:
    other = (
        "import os, resource\n"
        "from homerun.system import inherited\n"
        "os.umask(0o26); os.nice(3); os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (123, 456))\n"
        "print([inherited.collect()])"
    )
    (text,) = in_another(other)  # type: ignore[misc]

    found = in_another(
        f"from homerun.system import inherited\nassert inherited.adopt({text!r}) == []\n{SHOW}"
    )

    assert found == (0o26, os.nice(0) + 3, {min(os.sched_getaffinity(0))}, (123, 456))


def test_to_have_what_one_has_changes_nothing() -> None:
    code = f"from homerun.system import inherited\ninherited.adopt(inherited.collect())\n{SHOW}"

    assert in_another(code) == in_another(SHOW)


def test_the_mask_is_known_without_a_change(tmp_path: Path) -> None:
    before = os.umask(0o27)
    try:
        collected = inherited.collect()
        (tmp_path / "file").touch()
    finally:
        os.umask(before)

    assert f"umask={0o27} " in collected
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_what_is_not_granted_is_said_and_the_rest_is_had() -> None:
    most = Path("/proc/sys/fs/nr_open").read_text().strip()
    number = f"limit{resource.RLIMIT_NOFILE}"
    code = (
        "from homerun.system import inherited\n"
        f"print(inherited.adopt('processors=0 {number}=50:{most}0 umask=18'), end=',')\n"
    )

    refused, (mask, _, processors, (soft, _)) = in_another(code + SHOW)  # type: ignore[misc]

    assert [line.rpartition(":")[0] for line in refused] == [
        "the script cannot have its submitter's processors 0",
        f"the script cannot have its submitter's {number} 50:{most}0",
    ]
    assert (mask, processors, soft) == (18, os.sched_getaffinity(0), 50)
