"""The table of routes: what can be asked for, from which the server and its description are made.

Tests go through it too, so that no route escapes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from homerun.studio.endpoints import actions, events, files, pages, run, runs

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT, WHOLE, NUMBER, FLAG = "string", "integer", "number", "boolean"

JSON, STREAM, FILE = "application/json", "application/x-ndjson", "application/octet-stream"
EVENTS, ZIP = "text/event-stream", "application/zip"


class Param(NamedTuple):
    """A parameter of a query, or a field of a body."""

    name: str
    kind: str = TEXT
    says: str = ""
    is_needed: bool = False
    is_many: bool = False


class Route(NamedTuple):
    """A route below `api/`; `{id}` stands for a run."""

    method: str
    path: str
    act: Callable[..., Any]
    says: str
    params: tuple[Param, ...] = ()
    gives: str = JSON


def _many(name: str, says: str, is_needed: bool = False) -> Param:
    return Param(name, TEXT, says, is_needed, is_many=True)


def every() -> list[Route]:
    """All routes."""
    found = [*_of_store(), *_of_run(), *_of_files(), *_of_logs_and_code(), *_writes()]
    token = Param("token", TEXT, "what Studio was started with", is_needed=True)
    found.append(Route("POST", "login", pages.login, "Come in by the token", (token,)))
    found.append(Route("POST", "logout", pages.logout, "End this session"))
    return found


def _of_store() -> list[Route]:
    skip, limit = Param("skip", WHOLE, "so many are left out"), Param("limit", WHOLE, "at most 500")
    experiment = Param("experiment", TEXT, "only of this one")
    metrics = _many("metrics", "the metrics that rows hold; * for all")
    return [
        Route("GET", "info", runs.info, "The store and the server"),
        Route(
            "GET",
            "experiments",
            runs.experiments,
            "The experiments",
            (Param("archived", FLAG, "also those that are archived"),),
        ),
        Route(
            "GET",
            "runs",
            runs.runs,
            "A part of the table of runs",
            (
                experiment,
                _many("where", "a condition, as `metrics.loss < 0.1`; all have to hold"),
                Param("sort", TEXT, "a field; a - before it for the largest first"),
                Param("group", TEXT, "a field to sort by first"),
                Param("children", FLAG, "also runs that have a parent"),
                _many("ids", "these runs and no others"),
                *(metrics, skip, limit),
            ),
        ),
        Route("GET", "fields", runs.fields, "What runs are sorted and filtered by", (experiment,)),
        Route(
            "GET",
            "values",
            runs.values,
            "The most frequent values of a field",
            (
                Param("field", TEXT, "the field", is_needed=True),
                experiment,
                Param("like", TEXT, "what the values contain"),
            ),
        ),
        Route(
            "GET",
            "series",
            run.series,
            "Metrics of runs as series for charts",
            (
                _many("run", "a run", is_needed=True),
                _many("name", "a metric", is_needed=True),
                Param("width", WHOLE, "so many buckets at most"),
                Param("x", TEXT, "step, time or index"),
                Param("since", NUMBER, "the least x"),
                Param("until", NUMBER, "the greatest x"),
                Param("cursor", TEXT, "of the last answer: only what is new"),
            ),
        ),
        Route("GET", "trash", actions.trash, "The runs in the trash"),
        Route("GET", "targets", actions.targets, "The targets, and what waits for each"),
        Route(
            "GET",
            "submit/defaults",
            actions.submit_defaults,
            "What a form for a new run begins with",
            (Param("run", TEXT, "a past run"),),
        ),
        Route(
            "GET",
            "submit/scripts",
            actions.submit_scripts,
            "The scripts in a folder",
            (Param("source", TEXT, "the folder"),),
        ),
        Route(
            "GET",
            "events",
            events.events,
            "What changes, as it changes",
            (
                Param("cursor", TEXT, "from where on"),
                _many("topic", "runs, experiments, queue, run:ID, log:ID:NAME"),
                metrics,
                experiment,
            ),
            EVENTS,
        ),
    ]


def _of_run() -> list[Route]:
    skip, limit = Param("skip", WHOLE, "so many are left out"), Param("limit", WHOLE, "so many")
    return [
        Route("GET", "runs/{id}", run.run, "Everything about a run"),
        Route(
            "GET",
            "runs/{id}/children",
            run.children,
            "The runs below a run",
            (
                Param("recursive", FLAG, "all of them"),
                *(skip, limit),
                _many("metrics", "the metrics that rows hold"),
            ),
        ),
        Route("GET", "runs/{id}/record", run.record, "The record as it is"),
        Route("GET", "runs/{id}/metrics", run.metrics, "The metrics of a run at a glance"),
        Route(
            "GET",
            "runs/{id}/values",
            run.values,
            "What was logged as a metric, point by point",
            (Param("name", TEXT, "the metric", is_needed=True), skip, limit),
        ),
    ]


def _of_files() -> list[Route]:
    file = Param("file", TEXT, "its path", is_needed=True)
    folder = Param("folder", TEXT, "the folder; else the top")
    return [
        Route("GET", "runs/{id}/files", files.files, "What lies in a folder", (folder,)),
        Route("GET", "runs/{id}/preview", files.preview, "The beginning of a file", (file,)),
        Route(
            "GET",
            "runs/{id}/file",
            files.file,
            "A file",
            (file, Param("download", FLAG, "images too as an attachment")),
            FILE,
        ),
        Route("GET", "runs/{id}/zip", files.folder, "A folder as an archive", (folder,), ZIP),
    ]


def _of_logs_and_code() -> list[Route]:
    log = Param("log", TEXT, "its name", is_needed=True)
    return [
        Route("GET", "runs/{id}/logs", files.log_list, "The logs of a run"),
        Route(
            "GET",
            "runs/{id}/log",
            files.log,
            "A piece of a log",
            (
                log,
                Param("end", FLAG, "the last piece"),
                Param("at", WHOLE, "from the line on that this byte lies in"),
                Param("before", WHOLE, "the piece that ends at this byte"),
                Param("line", WHOLE, "from this line on, counted from 1"),
                Param("bytes", WHOLE, "about so much"),
            ),
        ),
        Route(
            "GET",
            "runs/{id}/log/search",
            files.log_search,
            "Lines of a log that hold a text",
            (
                log,
                Param("q", TEXT, "the text"),
                Param("errors", FLAG, "instead: lines that look like errors"),
                Param("case", FLAG, "capital letters count"),
                Param("limit", WHOLE, "so many hits at most"),
                Param("from", WHOLE, "from this byte on"),
            ),
            STREAM,
        ),
        Route("GET", "runs/{id}/log/download", files.log_download, "A log", (log,), FILE),
        Route("GET", "runs/{id}/code", files.code, "The files of a run's code"),
        Route(
            "GET",
            "runs/{id}/code/file",
            files.code_file,
            "One of these files",
            (Param("file", TEXT, "its path", is_needed=True),),
        ),
        Route("GET", "runs/{id}/code/diff", files.code_diff, "What git had not committed"),
        Route("GET", "runs/{id}/code/zip", files.code_zip, "The code as an archive", (), ZIP),
    ]


def _writes() -> list[Route]:
    ids = _many("ids", "the runs", is_needed=True)
    target = Param("target", TEXT, "its name", is_needed=True)
    return [
        Route(
            "POST",
            "runs/labels",
            actions.labels,
            "Change names, descriptions and tags",
            (
                ids,
                Param("name", TEXT, "the name for people"),
                Param("description", TEXT, "a text for people"),
                Param("tags", "object", "tags to be set; the others stay"),
                _many("remove_tags", "the keys of tags to be removed"),
            ),
        ),
        Route("POST", "runs/cancel", actions.cancel, "Ask for the end of runs", (ids,)),
        Route(
            "POST",
            "runs/fail",
            actions.fail,
            "Declare runs failed",
            (ids, Param("message", TEXT, "why")),
        ),
        Route(
            "POST",
            "runs/resubmit",
            actions.resubmit,
            "Submit runs again",
            (ids, _many("secrets", "what stands behind each ***** of the command")),
        ),
        Route("POST", "runs/delete", actions.delete, "Put runs into the trash", (ids,)),
        Route("POST", "trash/restore", actions.restore, "Take runs back from the trash", (ids,)),
        Route(
            "POST",
            "submit",
            actions.submit,
            "Submit a script",
            (
                Param("experiment", TEXT, "its name", is_needed=True),
                Param("script", TEXT, "its path in the source folder", is_needed=True),
                Param("source", TEXT, "the folder with the code"),
                _many("arguments", "the arguments of the script"),
                Param("target", TEXT, "where to run"),
                Param("tags", "object", "labels of the run"),
                Param("name", TEXT, "the name for people"),
                Param("max_run_duration_seconds", NUMBER, "stop it after that"),
            ),
        ),
        Route("POST", "queue/pause", actions.pause, "Start nothing more on a target", (target,)),
        Route("POST", "queue/resume", actions.resume, "Start runs there again", (target,)),
    ]
