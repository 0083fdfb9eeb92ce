"""Searches in MLflow's language, with MLflow's own filters and orders."""

from __future__ import annotations

from itertools import count, islice

from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_THRESHOLD
from mlflow.utils import search_utils
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils

from homerun.mlflow import entities
from homerun.mlflow.errors import invalid
from homerun.mlflow.pages import SearchPage
from homerun.views import listing
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from mlflow.entities import Experiment, Run

    from homerun.mlflow.questions import Question
    from runstore.run.record import Record
    from runstore.store import Store

_NEWEST_EXPERIMENTS = ["creation_time DESC", "experiment_id ASC"]
_MOST_MODELS = 100


def matching_runs(
    store: Store,
    experiments: Iterable[str],
    question: Question,
    most: int,
    page_token: str | None,
) -> tuple[list[Run], str | None]:
    """A page of the runs that meet a filter, in its order, and the token of the next one.

    MLflow's own filter and order decide. The index says which runs can be among these at all, and
    has them read in an order that ends where no other can be on the page.

    Args:
        experiments: names, each once.
    """
    _check_most(most)
    asked = SearchPage(page_token, most)
    marker = _marker(store, asked, question)
    found = {marker.info.run_id: marker} if marker is not None else {}
    for name in experiments:
        found.update(_leading(store, name, question, asked, marker))
    page, token = asked.cut(question.sorted(found.values()))
    if not question.asks_metrics:
        records = [store.get(one.info.run_id) for one in page]
        page = list(_readable([one for one in records if one is not None], True))
    return page, token


def _marker(store: Store, asked: SearchPage, question: Question) -> Run | None:
    """The last run of the page before, as it is now; None: there is none, or it is gone."""
    record = store.get(asked.after) if asked.after else None
    read = [] if record is None else list(_readable([record], question.asks_metrics))
    return read[0] if read else None


def _leading(
    store: Store, name: str, question: Question, asked: SearchPage, marker: Run | None
) -> dict[str, Run]:
    """The matching runs of an experiment by their ids, as far as any can be on the page."""
    found = {} if marker is None else {marker.info.run_id: marker}
    for way in question.ways:
        wanted = [*question.conditions, *way.conditions]
        listed = iter(listing.runs(store, name, wanted, True, way.sort))
        sizes = (asked.chunk << doubled for doubled in count())
        while records := list(islice(listed, next(sizes))):
            read = list(_readable(records, question.asks_metrics))
            found.update((one.info.run_id, one) for one in question.matching(read))
            if way.sort is not None and len(found) > asked.most:
                behind = asked.first_behind(question.sorted(found.values()))
                if behind is not None and way.ends(behind, records[-1]):
                    return found
    return found


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
