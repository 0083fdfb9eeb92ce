"""Where the script's folder lies in a run's folder: `work/<name>`, with the name of its source.

The level between keeps what a script calls `..` out of the record. In runs of older versions the
script's folder is `work` itself; run.json names the newer ones (`work`).
"""

from __future__ import annotations

import os

from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_NAMELESS = "source"


def folder_for(source: str) -> str:
    """The script's folder of a new run, relative to the run's folder.

    A name that could not stand in PYTHONPATH or in run.json is changed as little as possible.
    """
    name = os.path.basename(source).replace(os.pathsep, "_")
    name = name.encode("utf-8", "replace").decode().replace("\n", "_")
    return f"{layout.WORK}/{name or _NAMELESS}"


def folder_of(run: Mapping[str, Any]) -> str:
    """The script's folder of a run, relative to the run's folder.

    Args:
        run: what run.json says. Where its name is no plain one, as in a damaged record, the run
            counts as an old one.
    """
    said = run.get("work")
    return said if isinstance(said, str) and _is_one(said.split("/")) else layout.WORK


def top_of(target: str, top: str) -> tuple[str, ...] | None:
    """The script's folder in parts, from what a run's link `outputs` or `logs` says.

    Returns:
        None: it leads elsewhere.
    """
    *parts, last = target.split("/")
    return tuple(parts) if last == top and (parts == [layout.WORK] or _is_one(parts)) else None


def _is_one(parts: list[str]) -> bool:
    return len(parts) == 2 and parts[0] == layout.WORK and parts[1] not in ("", ".", "..")
