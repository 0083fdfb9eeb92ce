"""`homerun model …`: registered models."""

from __future__ import annotations

import os
import time

from homerun.assets import models
from homerun.base import sizes
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import offers, shared
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.output.prompts import check_asks, confirm
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from homerun.assets.versions import Version
    from homerun.cli.invocation import Call

    Function = TypeVar("Function", bound=Callable[..., Any])

_COLUMNS = ["model", "version", "registered", "run", "size", "description"]
_EXPENDABLE = ("description", "size")
_NONE_YET = "there are no models; run.register_model and homerun model register keep some"


def _one_model(function: Function) -> Function:
    """A model by its word, or by the options of `az ml`."""
    options = (
        argument("word", metavar="[MODEL]", complete=offers.model_offers),
        option("-n", "--name", "named", metavar="NAME", help="The model's name."),
        option("-i", "--model-id", "model_id", metavar="NAME:VERSION", help="The model's id."),
        option("--version", metavar="N", help="Its version (default: the latest)."),
    )
    for one in reversed(options):
        function = one(function)
    return function


def _found(
    call: Call, word: str | None, named: str | None, model_id: str | None, version: str | None
) -> Version:
    given = [one for one in (word, named, model_id) if one is not None]
    if len(given) != 1:
        raise UsageError("name one model: NAME, or NAME:VERSION")
    return models.get(call.workspace(wakes=False).store, given[0], version)


@command("list")
@option("-n", "--model-name", "name", metavar="NAME", help="All versions of this model.")
@option("-l", "--latest", is_flag=True, help="Only the latest version of each.")
@option("-r", "--run", "run", metavar="RUN", complete=shared.run_ids, help="Made by this run.")
@shared.tags("Only models with this tag;")
def list_models(
    call: Call,
    name: str | None,
    latest: bool,
    run: str | None,
    tags: list[tuple[str, str | None]],
) -> Result:
    """List the registered models, by name, the newest version first.

    \b
    Example:
      homerun model list --latest
    """
    store = call.workspace(wakes=False).store
    wanted = [key if value is None else (key, value) for key, value in tags]
    run_id = None if run is None else call.record(run).id
    found = models.chosen(store, name=name, tags=wanted, run_id=run_id, latest=latest)
    rows = [models.model_row(one) for one in found]

    def shown() -> list[render.Part]:
        if not rows:
            return [render.Note("no model is as asked for" if name or tags or run else _NONE_YET)]
        now = time.time()
        lines = [
            [
                *(row["name"], row["version"], text.ago(row["created_utc"], now)),
                *(row.get("run_id") or text.NONE, sizes.shown(row["size_bytes"])),
                row.get("description") or text.NONE,
            ]
            for row in rows
        ]
        return [render.Table(_COLUMNS, lines, _EXPENDABLE)]

    return Result(rows, shown)


@command("show")
@_one_model
def show(
    call: Call, word: str | None, named: str | None, model_id: str | None, version: str | None
) -> Result:
    """Show a model: where it came from, its files with their SHA-256, tags and properties.

    \b
    Example:
      homerun model show iris:3
    """
    row = models.model_row(_found(call, word, named, model_id, version))

    def shown() -> list[render.Part]:
        card = {
            **{key: value for key, value in row.items() if not isinstance(value, (list, dict))},
            "size_bytes": sizes.shown(row["size_bytes"]),
        }
        card.update((f"tag {key}", value) for key, value in row["tags"].items())
        card.update((f"property {key}", value) for key, value in row["properties"].items())
        card.update(
            (f"dataset {one.get('purpose')}", _dataset(one)) for one in row.get("datasets") or ()
        )
        lines = [[one["path"], sizes.shown(one["size"]), one["sha256"]] for one in row["files"]]
        return [render.Card(card), render.Table(["file", "size", "sha256"], lines, ("sha256",))]

    return Result(row, shown)


def _dataset(one: dict[str, Any]) -> str:
    return f"{one['name']}:{one['version']}" if "name" in one else str(one.get("id"))


@command("download")
@_one_model
@option(
    "-d", "--target-dir", "folder", metavar="DIR", default=".", help="Where it goes (default: .)."
)
@option("--overwrite", is_flag=True, help="Replace what is there.")
def download(
    call: Call,
    word: str | None,
    named: str | None,
    model_id: str | None,
    version: str | None,
    folder: str,
    overwrite: bool,
) -> Result:
    """Copy a model into a folder; each file is checked against its SHA-256.

    \b
    Example:
      homerun model download iris -d models
    """
    found = _found(call, word, named, model_id, version)
    made = models.download(found, folder, overwrite)
    told = {"id": found.id, "path": os.path.abspath(made)}
    return Result(told, lambda: [told["path"]])


@command("register")
@argument("words", metavar="[NAME] [PATH]", many=True)
@option("-n", "--name", "named", metavar="NAME", help="The model's name.")
@option("--model-path", "model_path", metavar="PATH", help="A file or a folder here.")
@option(
    *("-r", "--run", "run"),
    metavar="RUN",
    complete=shared.run_ids,
    help="PATH is a file or a folder of this run, such as outputs/model.pkl.",
)
@option("--asset-path", "asset", metavar="PATH", help="The same as PATH, of a run.")
@option("-d", "--description", metavar="TEXT", help="A text for people.")
@option(
    *("--tag", "tags"),
    check=shared.tag_pairs,
    many=True,
    metavar="KEY[=VALUE]",
    help="A tag; can be given several times.",
)
@option(
    *("--property", "properties"),
    check=shared.tag_pairs,
    many=True,
    metavar="KEY=VALUE",
    help="A property, which never changes; can be given several times.",
)
def register(
    call: Call,
    words: tuple[str, ...],
    named: str | None,
    model_path: str | None,
    run: str | None,
    asset: str | None,
    description: str | None,
    tags: list[tuple[str, str | None]],
    properties: list[tuple[str, str | None]],
) -> Result:
    """Keep a file or a folder, of here or of a run, as the next version of a model.

    \b
    Example:
      homerun model register iris model.pkl
      homerun model register iris outputs/model.pkl -r @last
    """
    name, place = _name_and_path(words, named, model_path if asset is None else asset)
    said = models.said_of(tags=dict(tags), properties=dict(properties), description=description)
    if run is not None:
        made = models.register_of_run(call.record(run), name, place, said)
    elif asset is not None:
        raise UsageError("--asset-path is a path of a run: name the run with -r RUN")
    elif place is None:
        raise UsageError("give the path of the model: homerun model register NAME PATH")
    else:
        made = models.register_local(call.workspace(wakes=False).store, name, place, said)
    row = models.model_row(made)
    files = text.plural(len(row["files"]), "file")
    line = f"registered {made.id} ({files}, {sizes.shown(row['size_bytes'])})"
    return Result(row, lambda: [render.Note(line)])


def _name_and_path(
    words: tuple[str, ...], named: str | None, path: str | None
) -> tuple[str, str | None]:
    left = list(words)
    name = named if named is not None else (left.pop(0) if left else None)
    place = path if path is not None else (left.pop(0) if left else None)
    if name is None or left:
        raise UsageError("give the model's name and its path: homerun model register NAME PATH")
    return name, place


@command("delete")
@_one_model
@option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(
    call: Call,
    word: str | None,
    named: str | None,
    model_id: str | None,
    version: str | None,
    yes: bool,
) -> Result:
    """Remove one version of a model for good. Its number is never given to another one.

    \b
    Example:
      homerun model delete iris:3
    """
    found = _found(call, word, named, model_id, version)
    check_asks(yes)
    size = sizes.shown(models.model_row(found)["size_bytes"])
    if not yes and not confirm(f"remove the model {found.id} ({size}) for good?"):
        return Result({"deleted": None}, lambda: [render.Note("nothing was deleted")], 1)
    found.shelf.delete(found)
    return Result({"deleted": found.id}, lambda: [render.Note(f"deleted {found.id}")])
