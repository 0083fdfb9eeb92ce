"""Searches in MLflow's language, with MLflow's own filters and orders."""

from __future__ import annotations

from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_THRESHOLD
from mlflow.utils import search_utils
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils

from homerun.mlflow import entities
from homerun.mlflow.errors import invalid
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from mlflow.entities import Experiment, Run

    from runstore.run.record import Record

_NEWEST_EXPERIMENTS = ["creation_time DESC", "experiment_id ASC"]
_MOST_MODELS = 100


def matching_runs(
    records: Sequence[Record],
    wanted: str | None,
    order_by: Sequence[str] | None,
    most: int,
    page_token: str | None,
) -> tuple[list[Run], str | None]:
    """A page of the runs that meet a filter, the newest first, and the token of the next one.

    What runs have logged is read of all of them only where that decides.
    """
    _check_most(most)
    asks_metrics = "metric" in " ".join([wanted or "", *(order_by or [])])
    known = list(_readable(records, asks_metrics))
    found = SearchUtils.sort(SearchUtils.filter(known, wanted), order_by)
    page, token = SearchUtils.paginate(found, page_token, most)
    if not asks_metrics:
        by_id = {record.id: record for record in records}
        page = list(_readable([by_id[one.info.run_id] for one in page], True))
    return page, token


def _readable(records: Sequence[Record], with_metrics: bool) -> Iterator[Run]:
    """The runs; one that cannot be read, or was removed, takes no list down."""
    for record in records:
        try:
            yield entities.run_entity(record, with_metrics=with_metrics)
        except (OSError, StoreError):
            continue


def matching_experiments(
    known: Sequence[Experiment],
    wanted: str | None,
    order_by: Sequence[str] | None,
    most: int,
    page_token: str | None,
) -> PagedList:
    """A page of the experiments that meet a filter, the newest first."""
    _check_most(most)
    found = SearchExperimentsUtils.sort(
        SearchExperimentsUtils.filter(known, wanted), order_by or _NEWEST_EXPERIMENTS
    )
    return PagedList(*SearchUtils.paginate(found, page_token, most))


def matching_models(
    known: Sequence[Any],
    wanted: str | None,
    datasets: Any,
    order_by: Any,
    most: int | None,
    page_token: str | None,
) -> PagedList:
    """A page of the models that meet a filter, as MLflow 3 orders them."""
    utils = search_utils.SearchLoggedModelsUtils
    found = utils.sort(utils.filter_logged_models(known, wanted, datasets), order_by)
    return PagedList(*utils.paginate(found, page_token, most or _MOST_MODELS))


def _check_most(most: Any) -> None:
    if not isinstance(most, int) or not 0 < most <= SEARCH_MAX_RESULTS_THRESHOLD:
        raise invalid(
            f"Invalid value {most!r} for max_results: it is a whole number from 1 to "
            f"{SEARCH_MAX_RESULTS_THRESHOLD}"
        )
