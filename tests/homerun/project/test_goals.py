"""Which way a metric is better."""

from __future__ import annotations

import pytest

from homerun.base.errors import UserError
from homerun.project import goals
from homerun.project.file import ProjectFile

SILENT = ProjectFile()


@pytest.mark.parametrize("name", ["loss", "val/loss", "eval_mae", "test.RMSE", "word-error-rate"])
def test_of_these_less_is_better(name: str) -> None:
    assert goals.of_metric(name, SILENT).order == f"metrics.{name}"


@pytest.mark.parametrize("name", ["accuracy", "val/acc", "F1", "roc_auc", "top1_acc", "mean-iou"])
def test_of_these_more_is_better(name: str) -> None:
    assert goals.of_metric(name, SILENT).order == f"-metrics.{name}"


@pytest.mark.parametrize("name", ["epoch", "x", "lossless", "score_loss", ""])
def test_of_others_somebody_has_to_say(name: str) -> None:
    with pytest.raises(UserError, match="say --max or --min"):
        goals.of_metric(name, SILENT)


def test_what_is_said_wins_over_the_file_and_the_file_over_the_name() -> None:
    file = ProjectFile("homerun.toml", {"maximize": ["loss"]})

    assert goals.of_metric("loss", file).is_most
    assert not goals.of_metric("loss", file, is_most=False).is_most


def test_the_first_goal_of_a_project_counts() -> None:
    file = ProjectFile("homerun.toml", {"minimize": ["loss", "mae"], "maximize": ["acc"]})

    assert str(goals.of_project(file)) == "lowest loss"
    assert goals.of_project(SILENT) is None
