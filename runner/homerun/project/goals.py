"""Which metric makes a run the best one, and whether less of it is better or more."""

from __future__ import annotations

from homerun.base.errors import UserError
from homerun.project.file import ProjectFile

_LESS = frozenset(
    """
    err error fid latency loss mae mape mse nll perplexity ppl rmse wer cer
    """.split()  # noqa: SIM905 - easier to read
)
_MORE = frozenset(
    """
    acc accuracy auc auprc auroc bleu dice f1 iou map precision psnr r2 recall return reward rouge
    score ssim throughput
    """.split()  # noqa: SIM905 - easier to read
)
"""Words in the names of metrics that tell what is better."""


class Goal(tuple[str, bool]):
    """A metric, and whether more of it is better: a NamedTuple, but for `typing`, which would cost
    a command a quarter of a start of Python.
    """

    __slots__ = ()

    def __new__(cls, metric: str, is_most: bool) -> Goal:
        return super().__new__(cls, (metric, is_most))

    @property
    def metric(self) -> str:
        """The metric's name."""
        return self[0]

    @property
    def is_most(self) -> bool:
        """Whether more of it is better."""
        return self[1]

    @property
    def field(self) -> str:
        """Its name among the fields of a run."""
        return f"metrics.{self.metric}"

    @property
    def order(self) -> str:
        """The order that puts the best run first."""
        return f"-{self.field}" if self.is_most else self.field

    def __str__(self) -> str:
        return f"{'highest' if self.is_most else 'lowest'} {self.metric}"


def of_project(file: ProjectFile) -> Goal | None:
    """The first goal of a project's file."""
    for key, is_most in (("minimize", False), ("maximize", True)):
        for metric in file.said.get(key, ()):
            return Goal(metric, is_most)
    return None


def way_of(metric: str, file: ProjectFile) -> bool | None:
    """Whether more of a metric is better: as the project's file has it, as its name tells; None:
    neither does.
    """
    for key, most in (("minimize", False), ("maximize", True)):
        if metric in file.said.get(key, ()):
            return most
    letters = (c if c.isascii() and c.isalnum() else " " for c in metric.lower())
    words = set("".join(letters).split())
    less, more = bool(words & _LESS), bool(words & _MORE)
    return None if less == more else more


def of_metric(metric: str, file: ProjectFile, is_most: bool | None = None) -> Goal:
    """The goal that a metric is: as it is said, as the project's file has it, as its name tells.

    Raises:
        UserError: none of these tells whether more of it is better.
    """
    if is_most is not None:
        return Goal(metric, is_most)
    known = way_of(metric, file)
    if known is None:
        raise UserError(
            f"is more of {metric!r} better, or less? say --max or --min, or in homerun.toml: "
            f'maximize = ["{metric}"]'
        )
    return Goal(metric, known)
