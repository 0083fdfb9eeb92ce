"""Comparing runs: the objects of the SDK, as `homerun.compare_runs` takes them."""

from __future__ import annotations

from homerun.views.comparison import compare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from homerun import Run


def compare_runs(runs: Sequence[Run], code: bool = False) -> dict[str, Any]:
    """Set runs side by side.

    Args:
        runs: two or more of them, of any experiments; a batch alone stands for its runs.
        code: also the difference of their snapshots, line by line, of each run from the first.

    Returns:
        `runs`: their ids. `differences`: for each thing that is not the same in all of them
        `section`, `name` and `values`, one for each run, None where a run has no such thing.
        `same`: `section`, `name` and `value` of what is. `partial`, as `differences`: what is known
        of some of them only, and is the same there. With `code` also `diff`, a text.

    Raises:
        UserError: fewer than two, or one of them twice.
    """
    return compare.records(compare.members([run._record for run in runs]), code)
