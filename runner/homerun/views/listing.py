"""Listing runs: the conditions that a query's arguments mean, and the runs that meet them."""

from __future__ import annotations

from collections.abc import Mapping

from homerun.base import checks, messages
from homerun.base.errors import UserError
from homerun.metrics import results
from homerun.runs import index_work, reconcile
from homerun.views import details
from homerun.views.rows import RowColumn, metric_column, rolled_up
from runstore.errors import ExperimentNotFound, InvalidQuery
from runstore.index import metrics as index_metrics
from runstore.index import row as index_row
from runstore.index import search as index_search
from runstore.index.conditions import parse
from runstore.index.fields import METRICS, FieldName, as_written, no_such_key, split
from runstore.index.kinds import holds
from runstore.index.query import THERE, Condition, Query
from runstore.index.row import PROPERTIES, TAGS
from runstore.run import children as run_children
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from runstore.index.conditions import Part
    from runstore.run.record import Record
    from runstore.store import Store

    Wanted = str | Mapping[str, object] | Sequence[str | tuple[str, object]] | None


_told: set[str] = set()

_LOOKED_AT = 100
"""In so many logs a metric is looked for that has no numbers."""


def runs(
    store: Store,
    experiment: str | None,
    wanted: Sequence[Part],
    include_children: bool = False,
    sort: str | None = None,
) -> Iterator[Record]:
    """The runs of a store, or of one of its experiments, lazily.

    Args:
        include_children: also those that have a parent; see `looks_at_children`.
        sort: a field to sort by, a `-` before it for the largest first; None: the newest first.
    """
    if not wanted and sort is None and include_children:
        return store.runs(experiment, children=True)
    if not wanted and sort is None:
        return _newest(store, experiment)
    return _search(store, experiment, wanted, include_children, sort)


def looks_at_children(
    asked: bool | None, where: Sequence[str] | str = (), sort: str | None = None
) -> bool:
    """Whether children are listed: where nothing was said, with a condition or an order.

    The best run of a grid, and the one that failed, are children.
    """
    return bool(where) or sort is not None if asked is None else asked


def count(
    store: Store, experiment: str | None, wanted: Sequence[Part], include_children: bool
) -> int | None:
    """How many runs such a list has in all; None where only a look at every run could tell."""
    folder = None if experiment is None else store.experiment_folder(experiment)
    query = Query(wanted, experiment=folder, children=include_children)
    return index_search.count(store, query, reconcile.bring_up_to_date)


def children(record: Record, wanted: Sequence[Part], recursive: bool) -> Iterator[Record]:
    """A run's children, or all its descendants; see `Run.get_children`."""
    if not wanted:
        return run_children.below(record, recursive=recursive)
    if not recursive:
        wanted = [*wanted, Condition("parent", "", "=", record.id)]
        return _search(store_of(record), None, wanted, True, None)
    below = run_children.below(record, recursive=True)
    return (child for child in below if _matches(child, wanted))


def conditions(
    type: str | None = None,
    tags: Wanted = None,
    properties: Wanted = None,
    status: str | None = None,
    where: Sequence[str] | str = (),
) -> list[Part]:
    """The conditions that a query's arguments mean; None is no condition.

    Args:
        type: the run's type, or its property `azureml.runsource`.
        tags, properties: a key that has to be there, or a dict whose pairs all have to be there,
            or a list of keys and pairs; a value of None means a tag without a value.
        status: as `get_status()` spells it.
        where: conditions such as `metrics.loss < 0.1`; see `runstore.index.conditions`.

    Raises:
        UserError: tags or properties are neither text nor a dict.
        InvalidQuery: a condition of `where` is none.
    """
    found: list[Part] = [*pairs(TAGS, tags), *pairs(PROPERTIES, properties)]
    if status is not None:
        found.append(Condition("status", "", "=", status))
    if type is not None:
        found.append(Condition("type", "", "=", type))
    return found + _parsed(where)


def named_columns(
    where: Sequence[str], sort: str | None, goals: Sequence[str] = ()
) -> list[RowColumn]:
    """The fields that conditions and an order name, and the metrics that are goals, each once."""
    columns = [*map(RowColumn, keyed_fields(where, sort)), *map(metric_column, goals)]
    found = {column.place: column for column in columns}
    return list(found.values())


def check_keys(
    store: Store,
    experiment: str | None,
    fields: Sequence[FieldName],
    rows: Sequence[dict[str, Any]] = (),
) -> str | None:
    """Check that fields with a key are of any run: an answer without them would look like none.

    Args:
        experiment: the only one that was asked for.
        rows: the answer.

    Returns:
        What to say where only runs of other experiments have one.

    Raises:
        InvalidQuery: no run of the store has one; the error names those that are near.
    """
    keyed = {(one.area, one.key): one for one in fields if one.key and not _is_in(one, rows)}
    if not keyed or not any(store.runs(children=True)):
        return None
    wanted = [*keyed.values()]
    folder = None if experiment is None else store.experiment_folder(experiment)
    found, known = index_search.missing_keys(store, wanted, folder, reconcile.bring_up_to_date)
    for field in found:
        if known[field.area].isdisjoint({field.key, field.exact or field.key}):
            raise InvalidQuery(no_such_key(field, known))
    return f"no run of {experiment} has {found[0].written}, others have" if found else None


def _tell_of_unknown(
    store: Store, experiment: str | None, where: Sequence[str] | str, sort: str | None
) -> None:
    """Say once of each field with a key that no run has it: the answer may be empty for a typo.

    It is no error: a script may wait for a metric that no run has logged yet.
    """
    fields = keyed_fields(where, sort)
    if not fields:
        return
    try:
        said = check_keys(store, experiment, fields)
    except InvalidQuery as error:
        said = error.message
    if said and said not in _told:
        _told.add(said)
        messages.tell([said])


def _is_in(field: FieldName, rows: Sequence[dict[str, Any]]) -> bool:
    """Whether any row has a value of a field; of a metric also one that is no number."""
    if any(RowColumn(field).value(row) is not None for row in rows):
        return True
    return field.area == METRICS and any(
        results.metrics_of_run(row["directory"], row["run_id"], field.key, populate=True)
        for row in rows[:_LOOKED_AT]
    )


def keyed_fields(
    where: Sequence[str] | str = (),
    sort: str | None = None,
    columns: Sequence[str] = (),
    metrics: Sequence[str] = (),
) -> list[FieldName]:
    """The fields that conditions, an order and columns name, and those of metrics."""
    found = [one.field for part in _parsed(where) for one in part.leaves()]
    found += [] if sort is None else [split(sort.removeprefix("-"))]
    found += [split(one.strip()) for names in columns for one in names.split(",")]
    return found + [FieldName(as_written(METRICS, one), METRICS, one) for one in metrics]


def _parsed(where: Sequence[str] | str) -> list[Part]:
    return [parse(text) for text in ([where] if isinstance(where, str) else where)]


def describe_all(
    records: Sequence[Record], goal: tuple[str, bool] | None = None
) -> list[dict[str, Any]]:
    """What `run list` and `run show` print of runs of one store, with metrics and children.

    Args:
        goal: a metric, and whether more of it is better: the best child by it is told.
    """
    if not records:
        return []
    store = store_of(records[0])
    rows = [details.row_of(record) for record in records]
    look = reconcile.bring_up_to_date
    metrics, below, best = index_search.summaries(store, records, look, goal)
    for row in rows:
        row["metrics"] = metrics.get(row["run_id"], {})
        if below.get(row["run_id"]):
            row["children"] = rolled_up(
                below[row["run_id"]], best.get(row["run_id"]), goal[0] if goal else None
            )
    return rows


def pairs(area: str, wanted: Wanted) -> list[Condition]:
    """The conditions on tags or properties.

    Raises:
        UserError: they are neither text, nor a dict, nor a list of both.
    """
    if wanted is None:
        return []
    if isinstance(wanted, str):
        return [Condition(area, wanted, THERE)]
    if isinstance(wanted, Mapping):
        kept = checks.text_pairs(area, wanted)
        return [Condition(area, key, "=", value) for key, value in kept.items()]
    if isinstance(wanted, (list, tuple)):
        each = [one if isinstance(one, str) else dict([one]) for one in wanted]
        return [condition for one in each for condition in pairs(area, one)]
    raise UserError(f"{area} are a key or a dict of keys and values, not {wanted!r}")


def all_hold(wanted: Sequence[Condition], found: Mapping[str, str | None]) -> bool:
    """Whether tags meet the conditions that `pairs` gave."""
    return all(
        one.field.key in found
        and (one.operator == THERE or holds(found[one.field.key], "=", one.wanted))
        for one in wanted
    )


def asked_runs(
    store: Store,
    experiment: str | None,
    wanted: Sequence[Part],
    include_children: bool | None,
    where: Sequence[str] | str,
    sort: str | None,
) -> Iterator[Record]:
    """The runs that a caller of the SDK asks for, lazily; see `runs`.

    Args:
        wanted: all conditions, those of `where` among them.
        include_children: None: as `looks_at_children` has it.
    """
    if sort is not None:
        _tell_of_unknown(store, experiment, (), sort)
    children = looks_at_children(include_children, where, sort)
    return _telling(runs(store, experiment, wanted, children, sort), store, experiment, where)


def _telling(
    found: Iterator[Record], store: Store, experiment: str | None, where: Sequence[str] | str
) -> Iterator[Record]:
    """The same runs; where there is none, its fields are looked at: only then it costs that."""
    is_any = False
    for record in found:
        is_any = True
        yield record
    if not is_any:
        _tell_of_unknown(store, experiment, where, None)


def _newest(store: Store, experiment: str | None) -> Iterator[Record]:
    try:
        folder = None if experiment is None else store.experiment_folder(experiment)
    except ExperimentNotFound:
        return iter(())
    query = Query(experiment=folder)
    return index_search.newest(
        store, query, reconcile.bring_up_to_date, lambda: index_work.start(store)
    )


def _search(
    store: Store,
    experiment: str | None,
    wanted: Sequence[Part],
    include_children: bool,
    sort: str | None,
) -> Iterator[Record]:
    folder = None
    if experiment is not None:
        try:
            folder = store.experiment_folder(experiment)
        except ExperimentNotFound:
            return iter(())
    query = Query(wanted, experiment=folder, children=include_children, sort=sort)
    return index_search.search(
        store,
        query,
        reconcile.bring_up_to_date,
        lambda: index_work.start(store),
        lambda line: messages.tell([line]),
    )


def _matches(record: Record, wanted: Sequence[Part]) -> bool:
    """Whether a run belongs into a list; one that cannot be read, or was removed, does not."""
    query = Query(wanted, children=True)
    found = index_row.readable(record, reconcile.bring_up_to_date)
    known = index_metrics.values_of_run(record.path) if query.wants_metrics else {}
    return found is not None and query.matches(found, known)
