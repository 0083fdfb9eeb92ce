"""The table of routes: what can be asked for, from which the server and its description are made.

Tests go through it too, so that no route escapes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from homerun.studio.answers.actions import (
    BulkAnswer,
    DefaultsAnswer,
    ScriptsAnswer,
    SelectionAnswer,
    SubmitAnswer,
)
from homerun.studio.answers.comparison import CompareAnswer, ImportanceAnswer
from homerun.studio.answers.events import EVENT_TYPES
from homerun.studio.answers.files import (
    CodeAnswer,
    CodeFileAnswer,
    FilesAnswer,
    LogPiece,
    LogsAnswer,
    PreviewAnswer,
    SearchLine,
    TextAnswer,
)
from homerun.studio.answers.home import HomeAnswer
from homerun.studio.answers.metrics import MetricsAnswer, PointsAnswer, SeriesAnswer
from homerun.studio.answers.models import ModelAnswer, ModelsAnswer
from homerun.studio.answers.run import InterpreterAnswer, RecordAnswer, RunAnswer
from homerun.studio.answers.runs import ChildrenAnswer, FieldsAnswer, RunsAnswer, ValuesAnswer
from homerun.studio.answers.session import TicketAnswer
from homerun.studio.answers.store import (
    ExperimentsAnswer,
    InfoAnswer,
    TargetRow,
    TargetsAnswer,
    TrashAnswer,
)
from homerun.studio.answers.views import ViewRow, ViewsAnswer
from homerun.studio.endpoints import (
    actions,
    comparison,
    events,
    files,
    models,
    pages,
    reports,
    run,
    runs,
    views,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT, WHOLE, NUMBER, FLAG, PAIRS = "string", "integer", "number", "boolean", "object"
QUERY = "query"
"""What stands behind the `?` of an address: an object with a list of texts by name."""

JSON, STREAM, FILE = "application/json", "application/x-ndjson", "application/octet-stream"
EVENTS, ZIP = "text/event-stream", "application/zip"


class RouteParam(NamedTuple):
    """A parameter of a query, or a field of a body."""

    name: str
    kind: str = TEXT
    says: str = ""
    is_needed: bool = False
    is_many: bool = False


class Route(NamedTuple):
    """A route below `api/`; `{id}` stands for a run.

    Attributes:
        act: the endpoint.
        answer: the type of its JSON, of each line of a stream, or of each event by name; None: it
            answers something else, or nothing.
        gives: the media type of the answer.
        status: the HTTP status of the answer.
    """

    method: str
    path: str
    act: Callable[..., Any]
    says: str
    answer: Any
    params: tuple[RouteParam, ...]
    gives: str = JSON
    status: int = 200


def every() -> list[Route]:
    """All routes."""
    return [
        *_of_store(),
        *_of_models(),
        *_of_table(),
        *_of_views(),
        *_of_comparison(),
        *_of_reports(),
        *_of_submit(),
        *_of_run(),
        *_of_files(),
        *_of_logs(),
        *_of_code(),
        *_changes(),
        *_of_session(),
    ]


def _get(
    path: str,
    act: Callable[..., Any],
    says: str,
    answer: Any,
    *params: RouteParam,
    gives: str = JSON,
) -> Route:
    return Route("GET", path, act, says, answer, params, gives)


def _post(
    path: str,
    act: Callable[..., Any],
    says: str,
    answer: Any,
    *params: RouteParam,
    status: int = 200,
) -> Route:
    return Route("POST", path, act, says, answer, params, JSON, status)


def _many(name: str, says: str, is_needed: bool = False) -> RouteParam:
    return RouteParam(name, TEXT, says, is_needed, is_many=True)


_OF_SYSTEM = "what the run used of its machine, instead of what it logged"


def _needed(name: str, says: str) -> RouteParam:
    return RouteParam(name, TEXT, says, is_needed=True)


def _of_store() -> list[Route]:
    archived = RouteParam("archived", FLAG, "also those that are archived")
    return [
        _get("info", runs.info, "The store and the server", InfoAnswer),
        _get(
            *("home", runs.home, "What failed, what waits, what runs, what has ended", HomeAnswer),
            RouteParam(
                "since", TEXT, "failures up to then were seen (default: the last seven days)"
            ),
        ),
        _get("experiments", runs.experiments, "The experiments", ExperimentsAnswer, archived),
        _get("trash", actions.trash, "The runs in the trash", TrashAnswer),
        _get("targets", actions.targets, "The targets, and what waits for each", TargetsAnswer),
        _get(
            *("events", events.events, "What changes, as it changes", EVENT_TYPES),
            RouteParam("cursor", TEXT, "from where on"),
            _many("topic", "runs, experiments, queue, views, run:ID, log:ID:NAME"),
            _many("metrics", "the metrics that rows hold; * for all"),
            RouteParam("experiment", TEXT, "only of this one"),
            RouteParam("once", FLAG, "what is new until now, and then the end"),
            gives=EVENTS,
        ),
    ]


def _of_models() -> list[Route]:
    name, file = _needed("name", "its name"), _needed("file", "the path of the file")
    version = RouteParam("version", TEXT, "the default is the latest")
    return [
        _get(
            *("models", models.models, "The registered models, in their latest version"),
            ModelsAnswer,
            RouteParam("run", TEXT, "instead: every version that this run has registered"),
        ),
        _get(
            *("model", models.model, "A version of a model, and the others of its name"),
            *(ModelAnswer, name, version),
        ),
        _get(
            *("model/file", models.file, "A file of a model", None, name, file, version),
            gives=FILE,
        ),
        _get("model/zip", models.folder, "All its files", None, name, version, gives=ZIP),
    ]


def _of_table() -> list[Route]:
    skip, limit = (
        RouteParam("skip", WHOLE, "how many to leave out"),
        RouteParam("limit", WHOLE, "at most 500"),
    )
    experiment = RouteParam("experiment", TEXT, "only of this one")
    system = RouteParam("system", FLAG, _OF_SYSTEM)
    return [
        _get(
            *("runs", runs.runs, "A part of the table of runs", RunsAnswer, experiment),
            _many("where", "a condition such as `metrics.loss < 0.1`; all must hold"),
            RouteParam("sort", TEXT, "a field; a - before it for the largest first"),
            _many("group", "a field to sort by first; of several the first is the outermost"),
            RouteParam("children", FLAG, "also runs that have a parent"),
            _many("ids", "these runs and no others"),
            _many("metrics", "the metrics that rows hold; * for all"),
            *(skip, limit),
        ),
        _get(
            *("selection", actions.selection, "How many runs a query means, to act on all of them"),
            *(SelectionAnswer, experiment),
            _many("where", "a condition; all must hold"),
            RouteParam("children", FLAG, "also runs that have a parent"),
            _many("ids", "of these runs, at most 500, instead of all"),
            RouteParam("until", TEXT, "a place it has told before: no run that is newer than that"),
        ),
        _get(
            *("fields", runs.fields, "What runs are sorted and filtered by", FieldsAnswer),
            experiment,
            RouteParam("children", FLAG, "`columns` for a table with the runs that have a parent"),
            _many("where", "`columns` for a table of the runs that meet it, of any experiment"),
        ),
        _get(
            *("values", runs.values, "The most frequent values of a field", ValuesAnswer),
            *(_needed("field", "the field"), experiment),
            RouteParam("like", TEXT, "what the values contain"),
        ),
        _get(
            *("series", run.series, "Metrics of runs as series for charts", SeriesAnswer),
            _many("run", "a run", is_needed=True),
            _many("name", "a metric", is_needed=True),
            RouteParam("width", WHOLE, "how many places along the axis at most"),
            RouteParam("x", TEXT, "step, time, relative, index, or metrics.NAME: another metric"),
            RouteParam("since", NUMBER, "the least x"),
            RouteParam("until", NUMBER, "the greatest x"),
            RouteParam("smooth", TEXT, "an average too: ema:0.9, mean:100 or gauss:50"),
            _many("group", "a field: the runs with the same value are one curve"),
            _many("stat", "of each group's runs: mean, std, min, max, raw"),
            RouteParam("cursor", TEXT, "of the last answer: only what is new"),
            system,
        ),
    ]


def _of_views() -> list[Route]:
    of_view = RouteParam("id", TEXT, "the view that is changed; without it a new one is made")
    revision = RouteParam("revision", WHOLE, "the revision of it that the change is based on")
    return [
        _get("views", views.views, "The saved views", ViewsAnswer),
        _post(
            *("views/save", views.write, "Save a view, or change one", ViewRow),
            *(_needed("name", "its name"), _needed("page", "the page: `runs`")),
            RouteParam("query", QUERY, "of the page's address: a list of texts by name", True),
            RouteParam("is_default", FLAG, "the page of its experiment begins with it"),
            *(of_view, revision),
        ),
        _post(
            *("views/delete", views.delete, "Delete a view, and answer it as it was", ViewRow),
            *(_needed("id", "the view"), revision),
        ),
    ]


def _of_comparison() -> list[Route]:
    several = _many("run", "a run", is_needed=True)
    return [
        _get("compare", comparison.compare, "Runs side by side", CompareAnswer, several),
        _get(
            *("compare/code", comparison.code, "What differs between the code of two runs"),
            *(TextAnswer, _needed("run", "the run before"), _needed("other", "the run after")),
        ),
        _get(
            *("importance", comparison.importance, "What a metric of some runs depends on"),
            *(ImportanceAnswer, several, _needed("metric", "its name")),
        ),
    ]


def _of_reports() -> list[Route]:
    return [
        _get(
            *("report", reports.report, "Runs as one page that needs nothing else", None),
            _many("ids", "these runs; none: those that the rest means, at most 100"),
            RouteParam("experiment", TEXT, "only of this one"),
            _many("where", "a condition; all must hold"),
            RouteParam("sort", TEXT, "a field; a - before it for the largest first"),
            RouteParam("children", FLAG, "also runs that have a parent"),
            _many("metrics", "the charts; none: the goal, and what most have logged"),
            RouteParam("title", TEXT, "the heading"),
            gives=FILE,
        )
    ]


def _of_submit() -> list[Route]:
    past, folder = RouteParam("run", TEXT, "a past run"), RouteParam("source", TEXT, "the folder")
    return [
        _get(
            *("submit/defaults", actions.submit_defaults, "What a form for a new run begins with"),
            *(DefaultsAnswer, past),
        ),
        _get(
            *("submit/scripts", actions.submit_scripts, "The scripts in a folder"),
            *(ScriptsAnswer, folder),
        ),
        _post(
            *("submit", actions.submit, "Submit a script", SubmitAnswer),
            _needed("experiment", "its name"),
            _needed("script", "its path in the source folder"),
            RouteParam("source", TEXT, "the folder with the code"),
            _many("arguments", "the arguments of the script"),
            RouteParam("target", TEXT, "where to run"),
            RouteParam("tags", PAIRS, "labels of the run"),
            RouteParam("name", TEXT, "the name for people"),
            RouteParam("max_run_duration_seconds", NUMBER, "stop it after that"),
            RouteParam("slots", WHOLE, "how many slots of the target"),
            RouteParam("gpus", WHOLE, "how many GPUs"),
            RouteParam("priority", WHOLE, "runs of a higher priority start first"),
            RouteParam("max_retries", WHOLE, "start it again so often where it fails"),
            RouteParam("interpreter", TEXT, "the Python to run with"),
            RouteParam("packages", TEXT, "a file of conda or pip in the source folder"),
            RouteParam("grid", QUERY, "values by argument: a batch of all combinations"),
            RouteParam("former", TEXT, "a past run: what is not said here stays as it was there"),
            RouteParam("code", TEXT, "with former: its snapshot, or that of the source now"),
            RouteParam("environment_variables", PAIRS, "with former: values that it was given"),
            status=201,
        ),
    ]


def _of_run() -> list[Route]:
    skip, limit = (
        RouteParam("skip", WHOLE, "how many to leave out"),
        RouteParam("limit", WHOLE, "how many at most"),
    )
    recursive = RouteParam("recursive", FLAG, "all of them")
    metrics = _many("metrics", "the metrics that rows hold")
    system = RouteParam("system", FLAG, _OF_SYSTEM)
    return [
        _get("runs/{id}", run.run, "Everything about a run", RunAnswer),
        _get(
            *("runs/{id}/children", run.children, "The runs below a run", ChildrenAnswer),
            *(recursive, skip, limit, metrics),
        ),
        _get("runs/{id}/record", run.record, "The record as it is", RecordAnswer),
        _get(
            *("runs/{id}/interpreter", run.ran_with, "What the script of a run ran with"),
            InterpreterAnswer,
        ),
        _get(
            *("runs/{id}/metrics", run.metrics, "The metrics of a run at a glance"),
            *(MetricsAnswer, system),
        ),
        _get(
            *("runs/{id}/values", run.values, "What was logged as a metric, point by point"),
            PointsAnswer,
            *(_needed("name", "the metric"), skip, limit, system),
        ),
    ]


def _of_files() -> list[Route]:
    path = _needed("file", "its path")
    folder = RouteParam("folder", TEXT, "the folder (default: the top)")
    download = RouteParam("download", FLAG, "images too as an attachment")
    return [
        _get(
            *("runs/{id}/files", files.files, "What lies in a folder", FilesAnswer, folder),
            RouteParam("below", FLAG, "instead: all files below it"),
            RouteParam("like", TEXT, "of these, what their paths contain"),
            RouteParam("sort", TEXT, "and by what they are sorted: name, size or modified"),
        ),
        _get("runs/{id}/preview", files.preview, "The beginning of a file", PreviewAnswer, path),
        _get("runs/{id}/file", files.file, "A file", None, path, download, gives=FILE),
        _get("runs/{id}/zip", files.folder, "A folder as an archive", None, folder, gives=ZIP),
    ]


def _of_logs() -> list[Route]:
    log = _needed("log", "its name")
    return [
        _get("runs/{id}/logs", files.log_list, "The logs of a run", LogsAnswer),
        _get(
            *("runs/{id}/log", files.log, "A piece of a log", LogPiece, log),
            RouteParam("end", FLAG, "the last piece"),
            RouteParam("at", WHOLE, "from the line on that this byte lies in"),
            RouteParam("before", WHOLE, "the piece that ends at this byte"),
            RouteParam("line", WHOLE, "from this line on, counted from 1"),
            RouteParam("bytes", WHOLE, "about so much"),
        ),
        _get(
            *("runs/{id}/log/search", files.log_search, "Lines of a log that hold a text"),
            *(SearchLine, log),
            RouteParam("q", TEXT, "the text"),
            RouteParam("errors", FLAG, "instead: lines that look like errors"),
            RouteParam("case", FLAG, "capital letters count"),
            RouteParam("regex", FLAG, "the text is a regular expression"),
            RouteParam("limit", WHOLE, "how many hits at most"),
            RouteParam("from", WHOLE, "from this byte on"),
            gives=STREAM,
        ),
        _get("runs/{id}/log/download", files.log_download, "A log", None, log, gives=FILE),
    ]


def _of_code() -> list[Route]:
    path = _needed("file", "its path")
    return [
        _get("runs/{id}/code", files.code, "The files of a run's code", CodeAnswer),
        _get("runs/{id}/code/file", files.code_file, "One of these files", CodeFileAnswer, path),
        _get("runs/{id}/code/diff", files.code_diff, "What git had not committed", TextAnswer),
        _get("runs/{id}/code/zip", files.code_zip, "The code as an archive", None, gives=ZIP),
    ]


def _changes() -> list[Route]:
    needed, target = _many("ids", "the runs", is_needed=True), _needed("target", "its name")
    some = (
        _many("ids", "the runs; or instead of them:"),
        RouteParam("query", QUERY, "`experiment`, `where`, `children`: all runs that it means"),
        RouteParam("count", WHOLE, "how many were confirmed: if it means more, nothing is done"),
        RouteParam("until", TEXT, "where to begin: of `selection`, or the `next` of the last part"),
        _many("without", "these runs of them stay as they are"),
    )
    names = _many("names", "the experiments", is_needed=True)
    secrets = _many("secrets", "what stands behind each ***** of the command")
    return [
        _post(
            *("runs/labels", actions.labels, "Change names, descriptions and tags"),
            BulkAnswer,
            *some,
            RouteParam("name", TEXT, "the name for people"),
            RouteParam("description", TEXT, "a text for people"),
            RouteParam("tags", PAIRS, "tags to be set; the others stay"),
            _many("remove_tags", "the keys of tags to be removed"),
        ),
        _post("runs/cancel", actions.cancel, "Ask for the end of runs", BulkAnswer, *some),
        _post(
            *("runs/fail", actions.fail, "Declare runs failed", BulkAnswer, *some),
            RouteParam("message", TEXT, "why"),
        ),
        _post("runs/resubmit", actions.resubmit, "Submit runs again", BulkAnswer, needed, secrets),
        _post("runs/delete", actions.delete, "Put runs into the trash", BulkAnswer, *some),
        _post(
            "trash/restore", actions.restore, "Take runs back from the trash", BulkAnswer, needed
        ),
        _post(
            *("experiments/archive", actions.archive, "Leave experiments out of listings"),
            *(BulkAnswer, names),
        ),
        _post(
            *("experiments/reactivate", actions.reactivate, "Bring archived experiments back"),
            *(BulkAnswer, names),
        ),
        _post("queue/pause", actions.pause, "Start nothing more on a target", TargetRow, target),
        _post("queue/resume", actions.resume, "Start runs there again", TargetRow, target),
    ]


def _of_session() -> list[Route]:
    token = _needed("token", "what Studio was started with")
    address = _needed("address", "of the download, as the page has it: `api/runs/…`")
    return [
        _post("login", pages.login, "Sign in with the token", None, token, status=204),
        _post("logout", pages.logout, "End this session", None, status=204),
        _post("ticket", pages.ticket, "A ticket for one download", TicketAnswer, address),
    ]
